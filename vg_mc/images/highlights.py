"""Pointing at a region of a whole picture otherwise than by a marker's box.

A red circle is how people point in the photos that CLIP learned from
(https://arxiv.org/abs/2304.06712); blurring what is not meant keeps its place and hides its content
(ReCLIP, https://arxiv.org/abs/2204.05991; FGVP, https://arxiv.org/abs/2306.04356).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from vg_mc.images.markers import RGB, covered_pixels
from vg_mc.records import XYXY


@dataclass(frozen=True, slots=True)
class Circle:
    """An ellipse inscribed in the box, which grows a little first.

    Attributes:
        color: RGB of the line.
        outline: Width of the line in pixels of the picture, drawn inside the grown box.
        growth: By this share of its width and height the box grows.
    """

    color: RGB
    outline: int
    growth: float

    def __post_init__(self) -> None:
        if self.outline < 1:
            raise ValueError(
                f"the outline of a circle must be 1 or more pixels, not {self.outline}"
            )


@dataclass(frozen=True, slots=True)
class Outside:
    """What becomes of all that lies outside the box; what lies inside stays as it is.

    Attributes:
        blur: Standard deviation of a Gaussian blur, as a share of the picture's side.
        saturation: Share of the colours that is left; 0 makes it gray.
    """

    blur: float
    saturation: float


def encircle(picture: Image.Image, boxes: Iterable[XYXY], circle: Circle) -> Iterator[Image.Image]:
    """Yield a copy of an RGB picture for each box (in its pixels), with the circle around it."""
    for box in boxes:
        left, top, right, bottom = covered_pixels(grown(box, 1 + circle.growth), *picture.size)
        candidate = picture.copy()
        ellipse = (left, top, right - 1, bottom - 1)  # PIL counts the last pixel in
        ImageDraw.Draw(candidate).ellipse(ellipse, outline=circle.color, width=circle.outline)
        yield candidate


def set_apart(
    picture: Image.Image, boxes: Iterable[XYXY], outside: Outside
) -> Iterator[Image.Image]:
    """Yield a copy of an RGB picture for each box (in its pixels), changed outside it."""
    changed = picture  # once: the boxes are cut out of the picture and laid on it
    if outside.saturation != 1:
        changed = ImageEnhance.Color(changed).enhance(outside.saturation)
    if outside.blur:
        changed = changed.filter(ImageFilter.GaussianBlur(outside.blur * max(picture.size)))
    for box in boxes:
        pixels = covered_pixels(box, *picture.size)
        candidate = changed.copy()
        candidate.paste(picture.crop(pixels), pixels[:2])
        yield candidate


def grown(box: XYXY, factor: float) -> XYXY:
    """Return a box with the same centre, so many times as wide and high."""
    left, top, right, bottom = box
    more_width, more_height = ((factor - 1) / 2 * side for side in (right - left, bottom - top))
    return left - more_width, top - more_height, right + more_width, bottom + more_height
