"""Pointing at a region of a whole picture otherwise than by a marker's box.

A red circle is how people point in the photos that CLIP learned from
(https://arxiv.org/abs/2304.06712); blurring what is not meant keeps its place and hides its content
(ReCLIP, https://arxiv.org/abs/2204.05991; FGVP, https://arxiv.org/abs/2306.04356).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from vg_mc.images.markers import RGB
from vg_mc.images.regions import Regions, covered_pixels, grown


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

    def draw(self, regions: Regions) -> Iterator[Image.Image]:
        """Yield a copy of the fitted image for each box, with the circle around it."""
        image = regions.fitted
        for box in regions.fitted_boxes:
            left, top, right, bottom = covered_pixels(grown(box, 1 + self.growth), *image.size)
            candidate = image.copy()
            ellipse = (left, top, right - 1, bottom - 1)  # PIL counts the last pixel in
            ImageDraw.Draw(candidate).ellipse(ellipse, outline=self.color, width=self.outline)
            yield candidate


@dataclass(frozen=True, slots=True)
class Outside:
    """What becomes of all that lies outside the box; what lies inside stays as it is.

    Attributes:
        blur: Standard deviation of a Gaussian blur, as a share of the picture's side.
        saturation: Share of the colours that is left; 0 makes it gray.
    """

    blur: float
    saturation: float

    def draw(self, regions: Regions) -> Iterator[Image.Image]:
        """Yield a copy of the fitted image for each box, changed outside it."""
        changed = regions.fitted  # once: the boxes are cut out of the image and laid on it
        if self.saturation != 1:
            changed = ImageEnhance.Color(changed).enhance(self.saturation)
        if self.blur:
            changed = changed.filter(ImageFilter.GaussianBlur(self.blur * max(changed.size)))
        for box in regions.fitted_boxes:
            pixels = covered_pixels(box, *changed.size)
            candidate = changed.copy()
            candidate.paste(regions.fitted.crop(pixels), pixels[:2])
            yield candidate
