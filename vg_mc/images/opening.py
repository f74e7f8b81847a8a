"""Open encoded images, and convert them to RGB in one frame.

Every image goes through these functions, wherever it comes from, so that the same image has the
same pixels as a file, embedded in a table, and in memory.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from vg_mc.errors import BadInputError
from vg_mc.images.formats import NAMED, PLUGINS
from vg_mc.images.orientation import UPRIGHT, exif_orientation, oriented
from vg_mc.records import Orientation

LARGEST_PHOTO = 50_000_000  # pixels; a larger image is an error or a decompression bomb

# Unusual properties of images, and how each is handled.
PECULIARITIES = {
    "16 bits": "scaled to 8",
    "transparent": "laid on white",
    "CMYK": "converted to RGB",
    "EXIF rotation": "ignored",
    "EXIF orientation": "applied",
}


@contextmanager
def opened_image(source: Path | bytes) -> Iterator[Image.Image]:
    """Open an image without decoding it.

    Raises:
        BadInputError: If it is missing, not an image, or too large, or decoding it in the block
            fails. The message does not contain the path, so that reports do not depend on the
            machine.
    """
    try:
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
    """Check that an image is not too large.

    Raises:
        BadInputError: If it is.
    """
    width, height = image.size
    if width * height > LARGEST_PHOTO:
        raise BadInputError(f"{width} x {height} pixels exceed the maximum of {LARGEST_PHOTO:,}")


def _problem(error: Exception, source: Path | bytes) -> str:
    if isinstance(error, FileNotFoundError):
        return "the image is missing"
    if isinstance(error, Image.DecompressionBombError):
        return f"expected at most {LARGEST_PHOTO:,} pixels, found more"
    if isinstance(error, UnidentifiedImageError) and _is_empty(source):
        return "the file is empty"
    if isinstance(error, UnidentifiedImageError):
        return f"expected one of {NAMED}; it may be the error page of a download"
    if isinstance(error, OSError) and error.strerror:
        return f"not a readable file: {error.strerror}"
    return f"damaged image: {error}"


def _is_empty(source: Path | bytes) -> bool:
    return not (source if isinstance(source, bytes) else source.stat().st_size)


def rgb_of(image: Image.Image, orientation: Orientation) -> Image.Image:
    """Decode an opened image as RGB, in a frame."""
    turned = exif_orientation(image) if orientation == "shown" else UPRIGHT
    return oriented(_as_rgb(image), turned)


def peculiarities_of(image: Image.Image, orientation: Orientation) -> list[str]:
    """Return the names of the `PECULIARITIES` that an opened image has."""
    turned = exif_orientation(image) != UPRIGHT
    facts = (
        image.mode.startswith("I"),
        image.has_transparency_data,
        image.mode == "CMYK",
        turned and orientation == "stored",
        turned and orientation == "shown",
    )
    return [name for name, holds in zip(PECULIARITIES, facts, strict=True) if holds]


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        image.load()
        return image
    if image.mode.startswith("I"):  # 16 bits: Pillow's conversion would clip most pixels to white
        values = np.asarray(image, dtype=np.float64) / 257
        return Image.fromarray(values.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        backdrop = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(backdrop, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
