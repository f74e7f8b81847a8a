"""Views that highlight a region by a circle, or by blurring or desaturating everything else.

Images with red circles occur in CLIP's training data (https://arxiv.org/abs/2304.06712). Blurring
the surroundings hides their content and keeps the layout (ReCLIP, https://arxiv.org/abs/2204.05991;
FGVP, https://arxiv.org/abs/2306.04356).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from vg_mc.images.markers import RGB
from vg_mc.images.regions import Regions, covered_pixels, grown


@dataclass(frozen=True, slots=True)
class Circle:
    """An ellipse inscribed in the slightly enlarged box.

    Attributes:
        color: RGB of the line.
        outline: Width of the line in pixels of the candidate image, inside the enlarged box.
        growth: Fraction of its width and height by which the box is enlarged.
    """

    color: RGB
    outline: int
    growth: float

    def __post_init__(self) -> None:
        if self.outline < 1:
            raise ValueError(
                f"the outline of a circle must be at least 1 pixel, got {self.outline}"
            )

    def draw(self, regions: Regions) -> Iterator[Image.Image]:
        """Yield a copy of the fitted image for each box, with an ellipse around it."""
        image = regions.fitted
        for box in regions.fitted_boxes:
            left, top, right, bottom = covered_pixels(grown(box, 1 + self.growth), *image.size)
            candidate = image.copy()
            ellipse = (left, top, right - 1, bottom - 1)  # PIL includes the last pixel
            ImageDraw.Draw(candidate).ellipse(ellipse, outline=self.color, width=self.outline)
            yield candidate


@dataclass(frozen=True, slots=True)
class Outside:
    """A change of everything outside the box.

    Attributes:
        blur: Standard deviation of a Gaussian blur, as a fraction of the candidate image's side.
        saturation: Factor of the color saturation; 0 gives gray, 1 no change.
    """

    blur: float
    saturation: float

    def draw(self, regions: Regions) -> Iterator[Image.Image]:
        """Yield a copy of the fitted image for each box, changed outside it."""
        changed = regions.fitted  # changed once; each box is pasted from the original
        if self.saturation != 1:
            changed = ImageEnhance.Color(changed).enhance(self.saturation)
        if self.blur:
            changed = changed.filter(ImageFilter.GaussianBlur(self.blur * max(changed.size)))
        for box in regions.fitted_boxes:
            pixels = covered_pixels(box, *changed.size)
            candidate = changed.copy()
            candidate.paste(regions.fitted.crop(pixels), pixels[:2])
            yield candidate
