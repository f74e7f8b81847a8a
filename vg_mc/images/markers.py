"""Markers: what is drawn on a picture to point at one region proposal.

CLIP matches whole pictures to text and is poor at locating things, so we point at a region by
painting it. A translucent box keeps the object visible and its surroundings in place, which a crop
would not (Colorful Prompt Tuning, https://arxiv.org/abs/2109.11797).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor

from PIL import Image, ImageDraw

from vg_mc.records import XYXY

RGB = tuple[int, int, int]

ROUNDING = 6  # decimals of a pixel: scaling errs far behind them, and that touches no pixel


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


# clip-refcoco names opacity 0.5, but its drawing tool fills with a third of it (measured on its own
# pictures: 0.1669). Both are offered: what it drew, and what its README says. CPT fills with a red
# of its own and draws no line; FGVP draws lines of two pixels in plain red.
MARKERS = {
    "seed": Marker(color=(50, 205, 50), opacity=1 / 6, outline=2),
    "seed-readme": Marker(color=(0, 255, 0), opacity=0.5, outline=2),
    "cpt-red": Marker(color=(240, 0, 30), opacity=127 / 255, outline=0),
    "outline": Marker(color=(255, 0, 0), opacity=0.0, outline=2),
}


def draw(picture: Image.Image, boxes: Iterable[XYXY], marker: Marker) -> Iterator[Image.Image]:
    """Yield a copy of an RGB picture for each box (in its pixels), marked there and only there.

    A box thinner than a pixel, as far small objects are after resizing, still marks one.
    """
    shaded = picture.point(_shading(marker.color, marker.opacity))  # once: boxes are cut out of it
    for box in boxes:
        pixels = covered_pixels(box, *picture.size)
        region = shaded.crop(pixels)
        if marker.outline:
            last = (region.width - 1, region.height - 1)  # PIL counts the last pixel in
            pen = ImageDraw.Draw(region)
            pen.rectangle(((0, 0), last), outline=marker.color, width=marker.outline)
        candidate = picture.copy()
        candidate.paste(region, pixels[:2])
        yield candidate


def covered_pixels(box: XYXY, width: int, height: int) -> tuple[int, int, int, int]:
    """Return the whole pixels that `box` touches, cut to the picture and at least one each way."""
    box_left, box_top, box_right, box_bottom = (round(edge, ROUNDING) for edge in box)
    left = min(max(floor(box_left), 0), width - 1)
    top = min(max(floor(box_top), 0), height - 1)
    right = max(min(ceil(box_right), width), left + 1)
    bottom = max(min(ceil(box_bottom), height), top + 1)
    return left, top, right, bottom


@lru_cache(maxsize=64)
def _shading(color: RGB, opacity: float) -> list[int]:
    """Tabulate the blend of each of the 256 values of each channel: one look-up per byte."""
    return [
        round((1 - opacity) * value + opacity * channel)
        for channel in color
        for value in range(256)
    ]
