"""A trainer of the tiniest model, as several test files need one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.tiny_run import OPTIONS, changed, trainer_with
from vg_mc.models.loading import load_encoder
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.training.loop import Trainer


def built(
    dataset: PreparedDataset, run: Path, *, model: str = "tiny-vit", encoder=None, **changes
) -> Trainer:
    """Build a trainer of OPTIONS with `changes`."""
    encoder = encoder or load_encoder(model, image_size=32)
    settings = changed(OPTIONS, **changes)
    return trainer_with(dataset, run, encoder, settings, num_workers=0)


@pytest.fixture(scope="session")
def make_trainer() -> Callable[..., Trainer]:
    return built
