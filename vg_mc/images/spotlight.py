"""The view spotlight, which darkens the image with increasing distance from the region.

It does not change the pixels of the region, and keeps the surroundings visible.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vg_mc.images.regions import Regions, covered_pixels


@dataclass(frozen=True, slots=True)
class Spotlight:
    """An image that is dark outside the box.

    Attributes:
        darkness: Fraction by which distant pixels are darkened, in (0, 1]; 1 gives black.
        reach: Distance from the box with the full darkness, as a fraction of the image's side.
    """

    darkness: float
    reach: float

    def __post_init__(self) -> None:
        if not 0 < self.darkness <= 1:
            raise ValueError(f"darkness must be above 0 and at most 1, got {self.darkness}")
        if not self.reach > 0:
            raise ValueError(f"reach must be above 0, got {self.reach}")

    def draw(self, regions: Regions) -> Iterator[Image.Image]:
        """Yield a darkened copy of the fitted image for each box."""
        pixels = np.asarray(regions.fitted, np.float32)
        height, width = pixels.shape[:2]
        for box in regions.fitted_boxes:
            left, top, right, bottom = covered_pixels(box, width, height)
            x = _distance(width, left, right)
            y = _distance(height, top, bottom)
            distance = np.hypot(x[None, :], y[:, None]) / (self.reach * width)
            light = 1 - self.darkness * np.minimum(distance, 1)
            yield Image.fromarray((pixels * light[..., None]).round().astype(np.uint8))


def _distance(size: int, start: int, end: int) -> NDArray[np.float32]:
    """Return the distance of each of `size` positions from a range in pixels, 0 inside."""
    places = np.arange(size)
    outside = np.maximum(np.maximum(start - places, places - end + 1), 0)
    return outside.astype(np.float32)
