"""Markers: visual prompts that shade and outline the box of a region.

CLIP compares whole images with text and is poor at localization, so the region is marked in the
image. Unlike a crop, a translucent box keeps the surroundings visible (Colorful Prompt Tuning,
https://arxiv.org/abs/2109.11797).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw

from vg_mc.images.regions import Regions, covered_pixels

RGB = tuple[int, int, int]


def draw_frame(
    image: Image.Image, box: tuple[float, float, float, float], color: RGB, width: int
) -> None:
    """Draw the outline of a box (left, top, right, bottom) in place, inside its edges.

    The outline is at least one pixel in size.
    """
    left, top, right, bottom = box
    last = (max(left, right - 1), max(top, bottom - 1))  # PIL includes the last pixel
    ImageDraw.Draw(image).rectangle(((left, top), last), outline=color, width=width)


@dataclass(frozen=True, slots=True)
class Marker:
    """A shaded and outlined box.

    Attributes:
        color: RGB of the outline and of the shading.
        opacity: Weight of `color` in a shaded pixel, from 0 to 1; 0 draws only the outline.
        outline: Width of the outline in pixels of the candidate image, inside the box; 0 draws
            none.
    """

    color: RGB
    opacity: float
    outline: int

    def __post_init__(self) -> None:
        if not 0 <= self.opacity <= 1:
            raise ValueError(f"opacity must be from 0 to 1, got {self.opacity}")
        if self.outline < 0:
            raise ValueError(f"outline must be at least 0 pixels, got {self.outline}")

    def draw(self, regions: Regions) -> Iterator[Image.Image]:
        """Yield a copy of the fitted image for each box, with the box marked.

        At least one pixel is marked, even if the resized box is smaller.
        """
        image = regions.fitted
        shaded = image.point(_shading(self.color, self.opacity))  # once for all boxes
        for box in regions.fitted_boxes:
            pixels = covered_pixels(box, *image.size)
            region = shaded.crop(pixels)
            if self.outline:
                draw_frame(region, (0, 0, *region.size), self.color, self.outline)
            candidate = image.copy()
            candidate.paste(region, pixels[:2])
            yield candidate


# The marker in the images of clip-refcoco. Its README states an opacity of 0.5, but its drawing
# tool fills with a third of it (0.1669, measured on its images).
CLIP_REFCOCO = Marker(color=(50, 205, 50), opacity=1 / 6, outline=2)


@lru_cache(maxsize=64)
def _shading(color: RGB, opacity: float) -> list[int]:
    """Return a lookup table with the shaded value of each of the 256 values of each channel."""
    return [
        round((1 - opacity) * value + opacity * channel)
        for channel in color
        for value in range(256)
    ]
