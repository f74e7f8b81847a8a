"""Cropping: a region alone, cut from the photo as it was opened and only then resized.

A crop of a large photo shows details that are gone once the whole photo is as small as a model's
input. What it does not show is where the region lies, and what stands beside it.
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
    """A region, as large as the picture.

    Attributes:
        square: How it becomes square: squashed; with the photo's own surroundings, and bars only
            where the photo ends; or with bars alone.
        context: It shows so many times the width and height of the box, as far as the photo goes.
    """

    square: Literal["squashed", "surroundings", "bars"]
    context: float = 1.0

    def __post_init__(self) -> None:
        if not self.context >= 1:
            raise ValueError(f"context must be 1 or more, not {self.context}")

    def draw(self, regions: Regions) -> Iterator[Image.Image]:
        """Yield a square image for each box, cut out of the image in its original size."""
        image, size = regions.image, regions.fitted.width
        fit: Fit = "squash" if self.square == "squashed" else "letterbox"
        for box in regions.boxes:
            pixels = covered_pixels(grown(box, self.context), *image.size)
            if self.square == "surroundings":
                pixels = _squared(pixels, *image.size)
            yield fit_photo(image.crop(pixels), size, fit)


def _squared(pixels: Pixels, width: int, height: int) -> Pixels:
    """Widen a region to a square around it, moved into the photo and no larger than it."""
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
