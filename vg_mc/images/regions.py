"""Regions of an image: boxes in the original image and in the resized input of the model."""

from dataclasses import dataclass
from math import ceil, floor
from typing import Self

from PIL import Image

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.boxes.transforms import Fit, fit_photo, place
from vg_mc.records import XYXY

ROUNDING = 6  # decimals of pixel coordinates, which removes rounding errors of scaling


@dataclass(frozen=True, slots=True)
class Regions:
    """The input of all views of an image, which is resized once.

    Attributes:
        image: The RGB image in its original size.
        boxes: Boxes (left, top, right, bottom) in pixels of `image`.
        fitted: The whole image as the square input of the model.
        fitted_boxes: The same boxes in pixels of `fitted`.
    """

    image: Image.Image
    boxes: list[XYXY]
    fitted: Image.Image
    fitted_boxes: list[XYXY]

    @classmethod
    def of(cls, image: Image.Image, boxes: Boxes, size: int, fit: Fit) -> Self:
        """Resize an RGB image to `size` pixels square, and its boxes (N, 4) with it."""
        placed = place(*image.size, size, fit).forward(boxes)
        return cls(image, _corners(boxes), fit_photo(image, size, fit), _corners(placed))


def _corners(boxes: Boxes) -> list[XYXY]:
    return [(left, top, right, bottom) for left, top, right, bottom in boxes.tolist()]


def covered_pixels(box: XYXY, width: int, height: int) -> tuple[int, int, int, int]:
    """Return the pixel range (left, top, right, bottom) that `box` touches.

    It is clipped to an image of `width` x `height` pixels and covers at least one pixel.
    """
    box_left, box_top, box_right, box_bottom = (round(edge, ROUNDING) for edge in box)
    left = min(max(floor(box_left), 0), width - 1)
    top = min(max(floor(box_top), 0), height - 1)
    right = max(min(ceil(box_right), width), left + 1)
    bottom = max(min(ceil(box_bottom), height), top + 1)
    return left, top, right, bottom


def grown(box: XYXY, factor: float) -> XYXY:
    """Return a box with the same center, scaled by `factor`."""
    left, top, right, bottom = box
    more_width, more_height = ((factor - 1) / 2 * side for side in (right - left, bottom - top))
    return left - more_width, top - more_height, right + more_width, bottom + more_height
