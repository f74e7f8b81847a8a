"""Markers: what is drawn on a picture to point at one region proposal.

CLIP matches whole pictures to text and is poor at locating things, so we point at a region by
painting it. A translucent box keeps the object visible and its surroundings in place, which a crop
would not (Colorful Prompt Tuning, https://arxiv.org/abs/2109.11797).
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
    """Outline an xyxy box of `image`, inside its edges and at least one pixel large."""
    left, top, right, bottom = box
    last = (max(left, right - 1), max(top, bottom - 1))  # PIL counts the last pixel in
    ImageDraw.Draw(image).rectangle(((left, top), last), outline=color, width=width)


@dataclass(frozen=True, slots=True)
class Marker:
    """A shaded, outlined box.

    Attributes:
        color: RGB of the outline and of the shading.
        opacity: Share of `color` in a shaded pixel; 0 leaves the outline alone.
        outline: Width of the outline in pixels of the picture, drawn inside the box; 0 draws none.
    """

    color: RGB
    opacity: float
    outline: int

    def __post_init__(self) -> None:
        if not 0 <= self.opacity <= 1:
            raise ValueError(f"opacity must lie between 0 and 1, not {self.opacity}")
        if self.outline < 0:
            raise ValueError(f"outline must be 0 or more pixels, not {self.outline}")

    def draw(self, regions: Regions) -> Iterator[Image.Image]:
        """Yield a copy of the fitted image for each box, marked there and only there.

        A box thinner than a pixel, as far small objects are after resizing, still marks one.
        """
        image = regions.fitted
        shaded = image.point(_shading(self.color, self.opacity))  # once: boxes are cut out of it
        for box in regions.fitted_boxes:
            pixels = covered_pixels(box, *image.size)
            region = shaded.crop(pixels)
            if self.outline:
                draw_frame(region, (0, 0, *region.size), self.color, self.outline)
            candidate = image.copy()
            candidate.paste(region, pixels[:2])
            yield candidate


# What the pictures of clip-refcoco show; its README names opacity 0.5, but its drawing tool fills
# with a third of it (measured on its own pictures: 0.1669).
CLIP_REFCOCO = Marker(color=(50, 205, 50), opacity=1 / 6, outline=2)


@lru_cache(maxsize=64)
def _shading(color: RGB, opacity: float) -> list[int]:
    """Tabulate the blend of each of the 256 values of each channel: one look-up per byte."""
    return [
        round((1 - opacity) * value + opacity * channel)
        for channel in color
        for value in range(256)
    ]
