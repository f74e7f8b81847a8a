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

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be found."""
        return self.order is not None and self.unit is not None

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
    if not len(numbers):
        return Judged(BoxConvention(declared.order or ORDERS[0], declared.unit or UNITS[0]))
    fitting = fitting_conventions(numbers, sizes, images, declared)
    if declared.is_complete:
        if not fitting:
            raise BadInputError(_misfit(numbers, sizes, images, declared, flags), file=file)
        return Judged(fitting[0])
    if is_decided(fitting, len(numbers), declared):
        return found(fitting[0])
    raise BadInputError(_undecided(len(numbers), fitting, declared, flags), file=file)


def fitting_conventions(
    numbers: Boxes, sizes: Sizes, images: Sequence[object], declared: DeclaredBoxes
) -> list[BoxConvention]:
    """Return the conventions that fit boxes and declaration; one of those with equal corners."""
    if declared.order is not None and declared.unit is not None:
        convention = BoxConvention(declared.order, declared.unit)
        return [convention] if is_possible(numbers, convention, sizes) else []
    orders = ORDERS if declared.order is None else (declared.order,)
    units = UNITS if declared.unit is None else (declared.unit,)
    fitting = plausible_conventions(numbers, sizes, images, orders=orders, units=units)
    return fitting[:1] if _give_same_corners(numbers, sizes, fitting) else fitting


def is_decided(fitting: list[BoxConvention], count: int, declared: DeclaredBoxes) -> bool:
    """Return True if one convention fits, and `count` boxes are enough to say so."""
    of_fractions = declared.order is not None and fitting[:1] == [
        BoxConvention(declared.order, "unit")
    ]
    return len(fitting) == 1 and (count >= FEWEST or of_fractions)


def found(convention: BoxConvention) -> Judged:
    """Return a convention that was not declared, with its note."""
    return Judged(convention, f"boxes are read as {convention}: no other convention fits")


def _give_same_corners(numbers: Boxes, sizes: Sizes, conventions: list[BoxConvention]) -> bool:
    corners = [convention.to_xyxy(numbers, sizes) for convention in conventions]
    return all(np.abs(other - corners[0]).max() < SAME for other in corners)


def _misfit(
    numbers: Boxes, sizes: Sizes, images: Sequence[object], declared: DeclaredBoxes, flags: BoxFlags
) -> str:
    convention = BoxConvention(declared.order or ORDERS[0], declared.unit or UNITS[0])
    count = int(outside(convention.to_xyxy(numbers, sizes), sizes).sum())
    problem = (
        f"{count:,} of {len(numbers):,} boxes exceed their images or have swapped corners"
        if count
        else f"no number in {len(numbers):,} boxes exceeds 1"
    )
    others = plausible_conventions(numbers, sizes, images)
    hint = f"they would fit as {listed(others)}" if others else "no known convention fits"
    return (
        f"{problem}, read as {declared}; {hint}. Check the file and {flags.order} and {flags.unit}"
    )


def _undecided(
    count: int, fitting: list[BoxConvention], declared: DeclaredBoxes, flags: BoxFlags
) -> str:
    known = " and ".join(str(value) for value in (declared.order, declared.unit) if value)
    if not fitting:
        stated = f" in {known}" if known else ""
        return f"the {count:,} boxes fit no known convention{stated}; check the file and the images"
    problem = "too few to decide on" if len(fitting) == 1 else "ambiguous in"
    return (
        f"{count:,} boxes are {problem} their convention; they fit {listed(fitting)}. "
        f"Declare it with {missing_flags(declared, flags)}"
    )


def missing_flags(declared: DeclaredBoxes, flags: BoxFlags) -> str:
    """Return the flags that declare what is not declared yet."""
    values = (declared.order, declared.unit)
    return " and ".join(flag for flag, value in zip(flags, values, strict=True) if value is None)


def listed(conventions: list[BoxConvention]) -> str:
    """Return conventions in words, separated by commas."""
    return ", ".join(map(str, conventions))
