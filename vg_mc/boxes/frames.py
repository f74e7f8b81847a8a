"""The frame of the boxes of images with an EXIF orientation: stored pixels, or shown ones.

The frame is judged together with order and unit, on all boxes of a file. It is the default one
unless only the other one fits, or sizes in the file are those of the other one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.boxes.conventions import BoxConvention, Sizes, is_possible
from vg_mc.boxes.judging import (
    CORPUS_FLAGS,
    UNDECLARED,
    DeclaredBoxes,
    Judged,
    fitting_conventions,
    found,
    is_decided,
    listed,
    missing_flags,
)
from vg_mc.errors import BadInputError
from vg_mc.records import Orientation

FLAG = "--orientation"
OTHER: Mapping[Orientation, Orientation] = {"stored": "shown", "shown": "stored"}


class Framed(NamedTuple):
    """The frame and the convention of the boxes of a file.

    Attributes:
        note: How many images have an EXIF orientation, and why their boxes are in this frame; None
            if it is declared, or there are no such images.
    """

    orientation: Orientation
    judged: Judged
    note: str | None = None

    @property
    def notes(self) -> list[str]:
        """The notes about frame and convention."""
        return [note for note in (self.note, self.judged.note) if note is not None]


@dataclass(frozen=True, slots=True)
class FramedBoxes:
    """All boxes of a file, and the sizes of their images in both frames.

    Attributes:
        numbers: The boxes as written, (N, 4).
        images: The key of the image of each box.
        sizes: Width and height of these images in each frame, (N, 2).
        turned: Whether the image of each box has an EXIF orientation, (N,).
    """

    numbers: Boxes
    images: Sequence[object]
    sizes: Mapping[Orientation, Sizes]
    turned: NDArray[np.bool_]

    def fitting(self, frame: Orientation, declared: DeclaredBoxes) -> list[BoxConvention]:
        """Return the conventions that fit all boxes, and also those of turned images alone."""
        sizes, turned = self.sizes[frame], self.turned
        return [
            convention
            for convention in fitting_conventions(self.numbers, sizes, self.images, declared)
            if is_possible(self.numbers[turned], convention, sizes[turned])
        ]

    @property
    def turned_images(self) -> int:
        """The number of images with an EXIF orientation."""
        return len({image for image, one in zip(self.images, self.turned, strict=True) if one})


def framed_convention(
    boxes: FramedBoxes,
    declared: DeclaredBoxes,
    *,
    default: Orientation,
    stated: Orientation | None,
    is_declared: bool = False,
    file: Path,
) -> Framed:
    """Return frame and convention of boxes, some of which are in images with EXIF orientation.

    Args:
        boxes: All boxes of the file.
        declared: What is known about the convention without looking at the boxes.
        default: The frame if both fit, or the declared frame.
        stated: The frame of image sizes that the file contains, None if they are equal in both.
        is_declared: Whether only the default frame is possible.
        file: The file, for messages.

    Raises:
        BadInputError: If no frame fits, or several conventions do.
    """
    first = default if is_declared or stated is None else stated
    fitting = {frame: boxes.fitting(frame, declared) for frame in (first, OTHER[first])}
    frame = first if fitting[first] or is_declared else OTHER[first]
    if _is_decided(fitting, frame, boxes, declared, is_stated=stated is not None):
        (convention,) = fitting[frame]
        judged = Judged(convention) if declared.is_complete else found(convention)
        note = None if is_declared else _note(boxes, frame, fitting, stated)
        return Framed(frame, judged, note)
    raise BadInputError(_undecided(boxes, fitting, declared), file=file)


def _is_decided(
    fitting: Mapping[Orientation, list[BoxConvention]],
    frame: Orientation,
    boxes: FramedBoxes,
    declared: DeclaredBoxes,
    *,
    is_stated: bool,
) -> bool:
    if declared.is_complete:
        return bool(fitting[frame])
    if not is_decided(fitting[frame], len(boxes.numbers), declared):
        return False
    # Corners with y first in one frame may be corners with x first in the other one.
    (convention,) = fitting[frame]
    is_usual = convention.order != "yxyx" and convention.unit == "pixels"
    return is_stated or is_usual or fitting[OTHER[frame]] in ([], [convention])


def _note(
    boxes: FramedBoxes,
    frame: Orientation,
    fitting: Mapping[Orientation, list[BoxConvention]],
    stated: Orientation | None,
) -> str:
    if not fitting[OTHER[frame]]:
        reason = f"they do not fit the {OTHER[frame]} one"
    elif stated is not None:
        reason = "as the image sizes in the file"
    else:
        reason = f"the default; set {FLAG} {OTHER[frame]} for the other one"
    return f"{_turned(boxes)}; boxes are read in the {frame} frame: {reason}"


def _undecided(
    boxes: FramedBoxes,
    fitting: Mapping[Orientation, list[BoxConvention]],
    declared: DeclaredBoxes,
) -> str:
    problem = f"{_turned(boxes)}; {len(boxes.numbers):,} boxes fit"
    if not any(fitting.values()):
        stated = "" if declared == UNDECLARED else f" as {declared}"
        return f"{problem} neither the stored nor the shown frame{stated}; check file and images"
    frames = "; ".join(
        f"in the {frame} frame {listed(conventions) or 'no convention'}"
        for frame, conventions in fitting.items()
    )
    flags = ", ".join(filter(None, (missing_flags(declared, CORPUS_FLAGS), FLAG)))
    return f"{problem} {frames}. Declare them with {flags}"


def _turned(boxes: FramedBoxes) -> str:
    return f"{boxes.turned_images:,} images have an EXIF orientation"
