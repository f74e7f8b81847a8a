"""Open images from files, bytes or memory, and decode them as RGB in one frame.

Every image goes through these functions, wherever it comes from, so that the same image has the
same pixels as a file, embedded in a table, and in memory.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from vg_mc.errors import BadInputError
from vg_mc.images.formats import LONGEST_SIGNATURE, NAMED, PLUGINS, hint
from vg_mc.images.orientation import UPRIGHT, exif_orientation, turn_of
from vg_mc.images.pixels import as_rgb, image_of_array
from vg_mc.records import Orientation

ImageLike: TypeAlias = Path | str | bytes | Image.Image | NDArray[Any]

LARGEST_PHOTO = 50_000_000  # pixels; a larger image is an error or a decompression bomb

# Unusual properties of images, and how each is handled.
PECULIARITIES = {
    "16 bits": "scaled to 8",
    "transparent": "laid on white",
    "CMYK": "converted to RGB",
    "EXIF rotation": "ignored",
    "EXIF orientation": "applied",
    "several frames": "only the first one is used",
}


@contextmanager
def opened_image(source: ImageLike) -> Iterator[Image.Image]:
    """Open an image without decoding it.

    Args:
        source: A file, the bytes of a file, or an image or array in memory.

    Raises:
        BadInputError: If it is missing, not an image, or too large, or decoding it in the block
            fails. The message does not contain the path, so that reports do not depend on the
            machine.
    """
    try:
        if isinstance(source, np.ndarray):
            source = image_of_array(source)
        if isinstance(source, Image.Image):
            require_pixels(source)
            yield source
            return
        with warnings.catch_warnings():
            # Pillow warns above 89 million pixels; smaller images are rejected already.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            file = io.BytesIO(source) if isinstance(source, bytes) else source
            with Image.open(file, formats=PLUGINS) as image:
                require_pixels(image)
                yield image
    except BadInputError:
        raise
    except Exception as error:  # Pillow raises a dozen classes on damaged files
        raise BadInputError(_problem(error, source)) from error


def require_pixels(image: Image.Image) -> None:
    """Check that an image is not empty or too large.

    Raises:
        BadInputError: If it is.
    """
    width, height = image.size
    if not width * height:
        raise BadInputError(f"expected an image, found {width} x {height} pixels")
    if width * height > LARGEST_PHOTO:
        raise BadInputError(f"{width} x {height} pixels exceed the maximum of {LARGEST_PHOTO:,}")


def _problem(error: Exception, source: ImageLike) -> str:
    if isinstance(error, FileNotFoundError):
        return "the image is missing"
    if isinstance(error, Image.DecompressionBombError):
        return f"expected at most {LARGEST_PHOTO:,} pixels, found more"
    if isinstance(error, UnidentifiedImageError) and isinstance(source, (Path, str, bytes)):
        start = _start(source)
        return f"expected one of {NAMED}; {hint(start)}" if start else "the file is empty"
    if isinstance(error, OSError) and error.strerror:
        return f"not a readable file: {error.strerror}"
    return f"damaged image: {error}"


def _start(source: Path | str | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:LONGEST_SIGNATURE]
    with Path(source).open("rb") as file:
        return file.read(LONGEST_SIGNATURE)


def rgb_of(image: Image.Image, orientation: Orientation) -> Image.Image:
    """Decode an opened image as RGB, in a frame.

    Raises:
        BadInputError: If its values have no defined range.
    """
    turn = turn_of(image, orientation)
    rgb = as_rgb(image)
    return rgb if turn is None else rgb.transpose(turn)


def peculiarities_of(image: Image.Image, orientation: Orientation) -> list[str]:
    """Return the names of the `PECULIARITIES` that an opened image has."""
    turned = exif_orientation(image) != UPRIGHT
    facts = (
        image.mode.startswith("I"),
        image.has_transparency_data,
        image.mode == "CMYK",
        turned and orientation == "stored",
        turned and orientation == "shown",
        image.format != "MPO" and getattr(image, "is_animated", False),
    )
    return [name for name, holds in zip(PECULIARITIES, facts, strict=True) if holds]
