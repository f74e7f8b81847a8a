"""The view that crops a region from the image in its original size and then resizes it.

A crop keeps details that are lost when the whole image is resized to the model's input, but it does
not show the location and the surroundings of the region.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from PIL import Image

from vg_mc.boxes.transforms import Fit, fit_photo
from vg_mc.images.regions import Regions, covered_pixels, grown

Pixels = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Crop:
    """A crop of the region, resized to the candidate image.

    Attributes:
        square: How the crop becomes square: ``squashed`` stretches it; ``surroundings`` extends it
            within the image and adds bars only where the image ends; ``bars`` adds bars.
        context: Size of the crop relative to the box, at least 1; it ends at the image border.
    """

    square: Literal["squashed", "surroundings", "bars"]
    context: float = 1.0

    def __post_init__(self) -> None:
        if not self.context >= 1:
            raise ValueError(f"context must be at least 1, got {self.context}")

    def draw(self, regions: Regions) -> Iterator[Image.Image]:
        """Yield a square crop of the original image for each box."""
        image, size = regions.image, regions.fitted.width
        fit: Fit = "squash" if self.square == "squashed" else "letterbox"
        for box in regions.boxes:
            pixels = covered_pixels(grown(box, self.context), *image.size)
            if self.square == "surroundings":
                pixels = _squared(pixels, *image.size)
            yield fit_photo(image.crop(pixels), size, fit)


def _squared(pixels: Pixels, width: int, height: int) -> Pixels:
    """Extend a region to a square that is shifted into the image and clipped to its size."""
    left, top, right, bottom = pixels
    side = max(right - left, bottom - top)
    left, right = _stretched(left, right, side, width)
    top, bottom = _stretched(top, bottom, side, height)
    return left, top, right, bottom


def _stretched(start: int, end: int, length: int, limit: int) -> tuple[int, int]:
    length = min(length, limit)
    start -= (length - (end - start)) // 2
    start = min(max(start, 0), limit - length)
    return start, start + length
