"""The convention of a box file: as declared, or the only one that fits all boxes of the file.

No convention is guessed. A declared one is checked, an undeclared one is used if it is the only
plausible one, and otherwise the error names those that fit and the flags that declare one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.boxes.conventions import (
    ORDERS,
    UNITS,
    BoxConvention,
    Order,
    Sizes,
    Unit,
    is_possible,
    outside,
    plausible_conventions,
)
from vg_mc.errors import BadInputError

SAME = 0.5  # pixels; conventions that differ by less, such as units on images of 1000 pixels
FEWEST = 4  # fewer boxes decide nothing but that numbers up to 1 are fractions


@dataclass(frozen=True, slots=True)
class DeclaredBoxes:
    """What a flag, field names or a known layout state about the boxes of a file.

    Attributes:
        order: Order of the four numbers, None if undeclared.
        unit: Unit of the numbers, None if undeclared.
    """

    order: Order | None = None
    unit: Unit | None = None

    def or_else(self, other: "DeclaredBoxes") -> "DeclaredBoxes":
        """Return this declaration, completed by `other` where it states nothing."""
        return DeclaredBoxes(self.order or other.order, self.unit or other.unit)

    def __str__(self) -> str:
        """Format what is declared for messages."""
        return f"{self.order or 'any order'} in {self.unit or 'any unit'}"


UNDECLARED = DeclaredBoxes()


class BoxFlags(NamedTuple):
    """The flags that declare the convention of a file."""

    order: str = "--box-format"
    unit: str = "--box-unit"


CORPUS_FLAGS = BoxFlags()


class Judged(NamedTuple):
    """The convention of a file.

    Attributes:
        convention: The convention to read the boxes in.
        note: A sentence for the summary if the convention was not declared, else None.
    """

    convention: BoxConvention
    note: str | None = None

    @property
    def described(self) -> str:
        """The convention, and whether it was declared, for a manifest."""
        return f"{self.convention} ({'found' if self.note else 'declared'})"


def convention_of(
    numbers: Boxes,  # (N, 4)
    sizes: Sizes,  # (N, 2)
    images: Sequence[object],  # N keys of images
    declared: DeclaredBoxes,
    *,
    file: Path,
    flags: BoxFlags = CORPUS_FLAGS,
) -> Judged:
    """Return the convention of all boxes of a file.

    Args:
        numbers: All boxes of the file, as written.
        sizes: Width and height of their images in pixels.
        images: The image of each box; equal boxes of one image count once.
        declared: What is known without looking at the boxes.
        file: The file, for messages.
        flags: The flags that declare a convention, for messages.

    Raises:
        BadInputError: If the boxes do not fit what is declared, or several conventions fit.
    """
    orders = ORDERS if declared.order is None else (declared.order,)
    units = UNITS if declared.unit is None else (declared.unit,)
    if not len(numbers):
        return Judged(BoxConvention(orders[0], units[0]))
    if declared.order is not None and declared.unit is not None:
        convention = BoxConvention(declared.order, declared.unit)
        if not is_possible(numbers, convention, sizes):
            raise BadInputError(_misfit(numbers, sizes, images, convention, flags), file=file)
        return Judged(convention)
    fitting = plausible_conventions(numbers, sizes, images, orders=orders, units=units)
    enough = len(numbers) >= FEWEST or {one.unit for one in fitting} == {"unit"}
    if fitting and enough and _give_same_corners(numbers, sizes, fitting):
        return Judged(fitting[0], f"boxes are read as {fitting[0]}: no other convention fits")
    raise BadInputError(_undecided(len(numbers), fitting, declared, flags), file=file)


def _give_same_corners(numbers: Boxes, sizes: Sizes, conventions: list[BoxConvention]) -> bool:
    first, *others = (convention.to_xyxy(numbers, sizes) for convention in conventions)
    return all(np.abs(other - first).max() < SAME for other in others)


def _misfit(
    numbers: Boxes, sizes: Sizes, images: Sequence[object], declared: BoxConvention, flags: BoxFlags
) -> str:
    count = int(outside(declared.to_xyxy(numbers, sizes), sizes).sum())
    problem = (
        f"{count:,} of {len(numbers):,} boxes exceed their images or have swapped corners"
        if count
        else f"no number in {len(numbers):,} boxes exceeds 1"
    )
    others = plausible_conventions(numbers, sizes, images)
    hint = f"they would fit as {_listed(others)}" if others else "no known convention fits"
    return (
        f"{problem}, read as {declared}; {hint}. Check the file and {flags.order} and {flags.unit}"
    )


def _undecided(
    count: int, fitting: list[BoxConvention], declared: DeclaredBoxes, flags: BoxFlags
) -> str:
    missing = [
        flag
        for flag, value in ((flags.order, declared.order), (flags.unit, declared.unit))
        if value is None
    ]
    known = " and ".join(str(value) for value in (declared.order, declared.unit) if value)
    if not fitting:
        stated = f" in {known}" if known else ""
        return f"the {count:,} boxes fit no known convention{stated}; check the file and the images"
    problem = "too few to decide on" if len(fitting) == 1 else "ambiguous in"
    return (
        f"{count:,} boxes are {problem} their convention; they fit {_listed(fitting)}. "
        f"Declare it with {' and '.join(missing)}"
    )


def _listed(conventions: list[BoxConvention]) -> str:
    return ", ".join(map(str, conventions))
