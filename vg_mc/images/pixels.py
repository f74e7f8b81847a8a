"""Conversion of images of every color mode, and of arrays, to 8-bit RGB.

16 bits are scaled to 8, transparent pixels are laid on white. Values without a defined range, as in
images of floats, are rejected.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vg_mc.errors import BadInputError

LARGEST_16 = 65535
GRAY_SCALE = 257  # from 8 to 16 bits: 255 becomes 65535
KINDS = ("uint8", "uint16", "bool")
SHAPES = "(H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"


def as_rgb(image: Image.Image) -> Image.Image:
    """Return an image in mode RGB; the argument itself if it is RGB already.

    Raises:
        BadInputError: If its values have no defined range.
    """
    if image.mode == "F":
        problem = "expected 8 or 16 bits per value, found floats, which have no defined range"
        raise BadInputError(f"{problem}; convert the image to 8 bits")
    if image.mode.startswith("I"):
        return _from_16_bits(image)
    if image.has_transparency_data:
        alpha = image.convert("LA") if image.mode == "La" else image
        backdrop = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(backdrop, alpha.convert("RGBA")).convert("RGB")
    if image.mode != "RGB":
        return image.convert("RGB")
    image.load()
    return image


def _from_16_bits(image: Image.Image) -> Image.Image:
    """Convert a gray image of 16 bits; Pillow's conversion would clip most pixels to white."""
    values = np.asarray(image)
    if values.size and not 0 <= values.min() <= values.max() <= LARGEST_16:
        found = f"{values.min():,} to {values.max():,}"
        raise BadInputError(f"expected values of 16 bits, from 0 to {LARGEST_16:,}, found {found}")
    gray = scaled_to_8(values)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        gray[values == clear] = 255
    return Image.fromarray(gray).convert("RGB")


def scaled_to_8(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale values from 0 to 65535 to 0 to 255."""
    return (values.astype(np.float64) / GRAY_SCALE).round().astype(np.uint8)


def image_of_array(pixels: NDArray[Any]) -> Image.Image:
    """Return the image of an array of gray, RGB or RGBA values.

    Values of 16 bits are scaled as Pillow does when it opens such a file.

    Raises:
        BadInputError: If the shape or the type of the array is not one of an image.
    """
    if pixels.dtype.name not in KINDS:
        problem = f"expected an array of {', '.join(KINDS)}, found {pixels.dtype.name}"
        raise BadInputError(f"{problem}; floats from 0 to 1 must be multiplied by 255")
    gray = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 1)
    if not pixels.size or not (gray or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))):
        raise BadInputError(f"expected an array of shape {SHAPES}, found {pixels.shape}")
    if gray:
        pixels = pixels.reshape(pixels.shape[:2])
    if pixels.dtype == np.bool_:
        pixels = pixels * np.uint8(255)
    elif pixels.dtype == np.uint16:
        pixels = scaled_to_8(pixels) if gray else (pixels >> 8).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(pixels))
