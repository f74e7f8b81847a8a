"""Conversion of boxes as written in a file to pixels of the stored images.

Order and unit are declared, or defined by the syntax or the layout. All boxes of a file together
are only used to check them, and targets never are.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes, as_boxes
from vg_mc.boxes.conventions import BoxConvention, outside, plausible_conventions
from vg_mc.errors import BadInputError
from vg_mc.predictions.columns import Ids
from vg_mc.predictions.external.layouts import Origin
from vg_mc.text.replies import RepliedBox

Sizes = NDArray[np.float64]  # (N, 2), width and height

MOST_OUTSIDE = 0.25  # more boxes outside of their images are due to the reading, not to the model
FEWEST = 3  # boxes outside that are never due to the reading

_RESIZED = re.compile(r"(\d+)x(\d+)|multiple:(\d+)")


@dataclass(frozen=True, slots=True)
class Resized:
    """Size of the resized image that predicted pixel coordinates refer to.

    Attributes:
        size: Width and height in pixels, equal for all images.
        multiple: Sides are rounded to a multiple of this number, such as 28 for Qwen2.5-VL.
    """

    size: tuple[int, int] | None = None
    multiple: int | None = None

    @classmethod
    def read(cls, text: str) -> "Resized":
        """Read ``640x480`` or ``multiple:28``.

        Raises:
            BadInputError: If the text has another format, or a number is 0.
        """
        found = _RESIZED.fullmatch(text)
        numbers = [int(number) for number in found.groups() if number] if found else [0]
        if 0 in numbers:
            problem = f"expected WIDTHxHEIGHT or multiple:NUMBER, found {text!r}"
            raise BadInputError(problem, record="--resized")
        if len(numbers) == 1:
            return cls(multiple=numbers[0])
        return cls(size=(numbers[0], numbers[1]))

    def sides(self, sizes: Sizes) -> Sizes:
        """Return width and height of the resized images in pixels, (N, 2)."""
        if self.size is not None:
            return np.tile(np.array(self.size, np.float64), (len(sizes), 1))
        step = self.multiple or 1
        return np.asarray(np.maximum(step, np.round(sizes / step) * step))


@dataclass(frozen=True, slots=True)
class Conversion:
    """Boxes in pixels of the stored images, with observations about all of them.

    Attributes:
        corners: xyxy, (N, 4); corners may be swapped.
        remarks: Observations for the summary.
    """

    corners: Boxes
    remarks: Sequence[str]


def converted(
    boxes: Sequence[RepliedBox],
    sizes: Sizes,  # (N, 2)
    image_ids: Ids,  # (N,)
    *,
    resized: Resized,
    origin: Origin,
    file: Path,
) -> Conversion:
    """Convert boxes to corners in pixels of the stored images.

    Args:
        boxes: N boxes as written.
        sizes: Sizes of their stored images.
        image_ids: Their images; equal boxes of one image count once in the check.
        resized: Size of the images that pixel coordinates refer to.
        origin: Corner of the image that coordinates are measured from.
        file: The file, for messages.

    Raises:
        BadInputError: If a unit is unknown, or more boxes exceed their images than a poor model
            explains.
    """
    numbers, seen = as_boxes([box.numbers for box in boxes]), resized.sides(sizes)
    conventions = [_convention(box) for box in boxes]
    _require_units(conventions, boxes, numbers, seen, image_ids, file)
    corners = np.empty((len(boxes), 4))
    remarks: list[str] = []
    for convention in dict.fromkeys(conventions):
        here = np.array([each == convention for each in conventions])
        if convention is not None:
            remarks += _checked(convention, numbers[here], seen[here], image_ids[here], file)
            corners[here] = convention.to_xyxy(numbers[here], seen[here])
    if origin == "bottom-left":
        bottom = seen[:, 1:]
        corners[:, [1, 3]] = bottom - corners[:, [3, 1]]
    return Conversion(corners * np.tile(sizes / seen, 2), remarks)


def _convention(box: RepliedBox) -> BoxConvention | None:
    return None if box.unit is None else BoxConvention(box.order, box.unit)


def _require_units(
    conventions: Sequence[BoxConvention | None],
    boxes: Sequence[RepliedBox],
    numbers: Boxes,
    seen: Sizes,
    image_ids: Ids,
    file: Path,
) -> None:
    unknown = np.array([each is None for each in conventions], bool)
    if not unknown.any():
        return
    example = boxes[int(unknown.argmax())]
    found = plausible_conventions(
        numbers[unknown], seen[unknown], image_ids[unknown].tolist(), orders=[example.order]
    )
    units = ", ".join(dict.fromkeys(each.unit for each in found)) or "none"
    problem = (
        f"unknown unit of {int(unknown.sum()):,} boxes such as {list(example.numbers)} "
        f"({example.syntax}); declare it with --boxes. Units that fit the images: {units}"
    )
    raise BadInputError(problem, file=file)


def _checked(
    convention: BoxConvention, numbers: Boxes, seen: Sizes, image_ids: Ids, file: Path
) -> Iterator[str]:
    """Yield remarks about boxes of one convention.

    Raises:
        BadInputError: If too many exceed their images.
    """
    stated = numbers.any(axis=1)  # programs write zeros in place of a missing box
    numbers, seen, images = numbers[stated], seen[stated], image_ids[stated].tolist()
    beyond = int(outside(convention.to_xyxy(numbers, seen), seen).sum())
    fitting = plausible_conventions(numbers, seen, images)
    others = ", ".join(str(each) for each in fitting if each != convention) or "no known convention"
    counted = f"{beyond:,} of {len(numbers):,} boxes exceed their images or have swapped corners"
    if beyond >= FEWEST and beyond > MOST_OUTSIDE * len(numbers):
        problem = (
            f"{counted}, read as {convention}; {others} would fit. Check --boxes, --box-format "
            "and --resized"
        )
        raise BadInputError(problem, file=file)
    if beyond:
        yield f"{counted}, read as {convention}"
    elif fitting and convention not in fitting:
        yield (
            f"all {len(numbers):,} boxes are near a corner if read as {convention}; {others} would "
            "fit better. Check --boxes and --box-format"
        )
