"""Name the main color of an image by hue, saturation and brightness."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DARK, BRIGHT = 50, 190  # of 255
PALE = 45  # of 255; a color of lower saturation is white or gray
BROWN = 150  # of 255; an orange of lower brightness is brown

# Upper bound of each hue on PIL's scale from 0 to 255, which begins and ends with red.
_HUES = (
    (11, "red"),
    (29, "orange"),
    (47, "yellow"),
    (121, "green"),
    (180, "blue"),
    (206, "purple"),
    (238, "pink"),
    (256, "red"),
)
_ENDS = np.array([end for end, _ in _HUES])
_NAMES = np.array([name for _, name in _HUES])


def colour_names(
    pixels: NDArray[np.uint8],  # (H, W, 3) RGB
) -> NDArray[np.str_]:
    """Return the color name of every pixel, shape (H, W)."""
    hue, saturation, value = np.moveaxis(np.asarray(Image.fromarray(pixels).convert("HSV")), 2, 0)
    names = _NAMES[np.searchsorted(_ENDS, hue, side="right")]
    names = np.where((names == "orange") & (value < BROWN), "brown", names)
    pale = np.where(value > BRIGHT, "white", "gray")
    return np.where(value < DARK, "black", np.where(saturation < PALE, pale, names))


def main_colour(
    pixels: NDArray[np.uint8],  # (H, W, 3) RGB
) -> str:
    """Return the most frequent color name in the central half of the image.

    The object usually fills the center. The alphabetical order breaks ties.
    """
    height, width = pixels.shape[:2]
    middle = pixels[height // 4 : height - height // 4, width // 4 : width - width // 4]
    names, counts = np.unique(colour_names(np.ascontiguousarray(middle)), return_counts=True)
    return str(names[counts.argmax()])
