"""Clipping of one annotated box to its image."""

from vg_mc.boxes import arithmetic as boxes
from vg_mc.boxes.arithmetic import Boxes
from vg_mc.errors import BadInputError
from vg_mc.records import XYXY


def cut_to_photo(corners: Boxes, written: tuple[float, ...], width: int, height: int) -> XYXY:
    """Clip one box, shape (1, 4), to its image if more than a pixel of it remains.

    Raises:
        BadInputError: Otherwise, with the box as `written` in the file.
    """
    if not (corners[:, 2:] > corners[:, :2]).all():
        raise BadInputError(f"expected a bbox with an area, not {list(written)}")
    inside = boxes.clipped(corners, width, height)
    remaining = float(boxes.areas(inside)[0])
    if remaining <= 0 or ((inside != corners).any() and remaining <= 1):
        size = f"{width} x {height}"
        raise BadInputError(f"expected a bbox on the image of {size} pixels, not {list(written)}")
    left, top, right, bottom = inside[0].tolist()
    return left, top, right, bottom
