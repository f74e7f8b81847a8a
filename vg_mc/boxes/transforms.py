"""Fitting a photo into the model's square picture, whole: objects at the edge are never cut off.

CLIP's own preprocessing crops the centre, which takes an eighth of a 640x480 photo off either side
and every box that stands there with it.
"""

from dataclasses import dataclass
from typing import Literal

from PIL import Image

from vg_mc.boxes.arithmetic import Boxes

Fit = Literal["squash", "letterbox"]

# CLIP's mean colour: after normalising, the bars of a letterbox are zero.
BAR_COLOR = (123, 117, 104)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a photo lies in its picture: ``picture = photo * scale + offset`` along x and y."""

    scale: tuple[float, float]
    offset: tuple[float, float]

    def to_picture(self, boxes: Boxes) -> Boxes:
        """Carry boxes (N, 4) from pixels of the photo to pixels of the picture."""
        placed: Boxes = boxes * (*self.scale, *self.scale) + (*self.offset, *self.offset)
        return placed


def place(width: int, height: int, size: int, fit: Fit) -> Placement:
    """Work out where a photo of `width` x `height` lies in a square picture of `size` pixels."""
    if fit == "squash":
        return Placement(scale=(size / width, size / height), offset=(0, 0))
    inner_width, inner_height = _letterboxed(width, height, size)
    return Placement(
        scale=(inner_width / width, inner_height / height),
        offset=((size - inner_width) // 2, (size - inner_height) // 2),
    )


def fit_photo(photo: Image.Image, size: int, fit: Fit) -> Image.Image:
    """Resize an RGB photo, bicubic with antialiasing as CLIP was trained, into a square picture."""
    if fit == "squash":
        return photo.resize((size, size), Image.Resampling.BICUBIC)
    picture = Image.new("RGB", (size, size), BAR_COLOR)
    inner = photo.resize(_letterboxed(*photo.size, size), Image.Resampling.BICUBIC)
    offset = place(*photo.size, size, fit).offset
    picture.paste(inner, (int(offset[0]), int(offset[1])))
    return picture


def _letterboxed(width: int, height: int, size: int) -> tuple[int, int]:
    scale = size / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))
