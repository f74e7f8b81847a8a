"""A convention is declared, or the only one that fits, or the reading stops."""

from pathlib import Path

import numpy as np
import pytest

from tests.refusals import refused
from vg_mc.boxes.conventions import BoxConvention
from vg_mc.boxes.judging import UNDECLARED, BoxFlags, DeclaredBoxes, convention_of

FILE = Path("mine.csv")
SIZE = np.array([320.0, 240.0])
CORNERS = np.array([[20, 30, 100, 90], [150, 40, 250, 160], [60, 170, 180, 230]], np.float64)
TRANSPOSED = CORNERS[:, [1, 0, 3, 2]]
FRACTIONS = CORNERS / np.tile(SIZE, 2)


def judged(boxes, declared=UNDECLARED, *, images=4, size=SIZE, **flags):
    numbers = np.tile(boxes, (images, 1))
    keys = np.repeat(np.arange(images), len(boxes)).tolist()
    sizes = np.tile(size, (len(numbers), 1))
    return convention_of(numbers, sizes, keys, declared, file=FILE, **flags)


def test_a_declared_convention_needs_no_note():
    found = judged(CORNERS, DeclaredBoxes("xyxy", "pixels"), images=1)

    assert (found.convention, found.note) == (BoxConvention("xyxy", "pixels"), None)
    assert found.described == "xyxy in pixels (declared)"


@pytest.mark.parametrize(("boxes", "order"), [(CORNERS, "xyxy"), (TRANSPOSED, "yxyx")])
def test_the_only_plausible_convention_is_used_and_noted(boxes, order):
    found = judged(boxes)

    assert found.convention == BoxConvention(order, "pixels")
    assert found.note is not None
    assert f"{order} in pixels" in found.note
    assert found.described == f"{order} in pixels (found)"


def test_what_is_declared_is_not_inferred():
    """These boxes also fit as corners in thousandths, but the unit is stated."""
    assert judged(CORNERS[:2], DeclaredBoxes(unit="pixels"), images=2).convention.order == "xyxy"
    found = judged(FRACTIONS, DeclaredBoxes("xyxy"), images=1)
    assert found.convention == BoxConvention("xyxy", "unit")


@pytest.mark.parametrize(
    ("declared", "flags"),
    [
        (UNDECLARED, ["--box-format", "--box-unit"]),
        (DeclaredBoxes("xyxy"), ["--box-unit"]),
        (DeclaredBoxes(unit="pixels"), ["--box-format"]),
    ],
)
def test_several_plausible_conventions_are_named_with_the_missing_flags(declared, flags):
    with refused("3 boxes", "xyxy in pixels", file="mine.csv") as caught:
        judged(CORNERS, declared, images=1)

    assert caught.value.problem.partition("Declare it with ")[2].split(" and ") == flags


def test_three_boxes_decide_nothing_but_fractions():
    """As sides in pixels, two of the three boxes would exceed their image."""
    with refused("3 boxes", "too few", "xywh in per-mille", "--box-unit", file="mine.csv"):
        judged(CORNERS, DeclaredBoxes("xywh"), images=1)


def test_flags_have_the_names_of_the_command():
    with refused("--proposals-format", "--proposals-unit"):
        judged(CORNERS, images=1, flags=BoxFlags("--proposals-format", "--proposals-unit"))


def test_a_wrong_declaration_is_refused_with_what_fits():
    with refused("4 of 12", "xyxy in pixels", "yxyx in pixels", "--box-format", file="mine.csv"):
        judged(TRANSPOSED, DeclaredBoxes("xyxy", "pixels"))
    with refused("12", "xyxy in unit", "yxyx in unit", "--box-unit"):
        judged(FRACTIONS, DeclaredBoxes("xyxy", "pixels"))


def test_boxes_of_other_images_fit_nothing():
    with refused("12", "no known convention", file="mine.csv"):
        judged(CORNERS * 100 + 5000)


def test_conventions_with_the_same_corners_are_no_contradiction():
    """On images of 1000 x 1000 pixels a thousandth is a pixel."""
    found = judged(CORNERS * 4, DeclaredBoxes("xyxy"), size=np.array([1000.0, 1000.0]))

    assert found.convention == BoxConvention("xyxy", "pixels")


def test_a_file_without_boxes_has_the_declared_convention():
    empty = np.empty((0, 4))

    found = convention_of(empty, np.empty((0, 2)), [], DeclaredBoxes("xywh"), file=FILE)
    assert found == (BoxConvention("xywh", "pixels"), None)
