"""Pictures for reports."""

import io

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def pictures_of():
    def read(candidate_ids: np.ndarray) -> list[bytes]:
        return [jpeg(int(candidate)) for candidate in candidate_ids]

    return read


def jpeg(seed: int) -> bytes:
    """Return a plain grey picture whose brightness tells which one it is."""
    file = io.BytesIO()
    Image.new("RGB", (32, 32), (seed * 5 % 256,) * 3).save(file, format="JPEG")
    return file.getvalue()
