"""Boxes of one image from a JSON list, in a declared convention or the only one that fits."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.boxes.judging import DeclaredBoxes, convention_of
from vg_mc.errors import BadInputError
from vg_mc.records import XYXY
from vg_mc.system.fields import as_numbers, read_json


class ReadBoxes(NamedTuple):
    """Boxes (left, top, right, bottom) in pixels, and a sentence on an inferred convention."""

    boxes: list[XYXY]
    note: str | None


def read_boxes(file: Path, size: tuple[int, int], declared: DeclaredBoxes) -> ReadBoxes:
    """Read the boxes of an image.

    Args:
        file: A JSON list of boxes.
        size: Width and height of the image in pixels.
        declared: What is known about order and unit of the numbers.

    Raises:
        BadInputError: If the file has another content, or its convention is not clear.
    """
    numbers = as_boxes(_numbers(file))
    sizes = np.tile(np.array(size, np.float64), (len(numbers), 1))
    judged = convention_of(numbers, sizes, [0] * len(numbers), declared, file=file)
    corners = judged.convention.to_xyxy(numbers, sizes).tolist()
    return ReadBoxes(
        [(left, top, right, bottom) for left, top, right, bottom in corners], judged.note
    )


def _numbers(file: Path) -> list[tuple[float, ...]]:
    content = read_json(file)
    if not isinstance(content, list):
        raise BadInputError(
            f"expected a list of boxes of four numbers, found {type(content).__name__}", file=file
        )
    boxes = []
    for place, numbers in enumerate(content):
        try:
            boxes.append(as_numbers({"box": numbers}, "box", 4))
        except BadInputError as fault:
            raise BadInputError(fault.problem, file=file, record=f"box {place}") from fault
    return boxes
