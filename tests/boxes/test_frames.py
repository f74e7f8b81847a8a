"""The frame of boxes in images with an EXIF orientation is judged with order and unit."""

from pathlib import Path

import numpy as np
import pytest

from tests.refusals import refused
from vg_mc.boxes.conventions import BoxConvention
from vg_mc.boxes.frames import FramedBoxes, framed_convention
from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes

FILE = Path("mine.csv")
PIXELS = DeclaredBoxes("xyxy", "pixels")
# In images that are stored as 320 x 240 pixels and shown as 240 x 320; the last one leaves the
# stored frame as corners with x first.
SHOWN = np.array([[30, 20, 90, 100], [170, 60, 230, 180], [40, 150, 160, 250]], np.float64)
STORED = SHOWN[:, [1, 0, 3, 2]]
BOTH_FIT = SHOWN[:2]


def framed(boxes, declared=PIXELS, *, default="shown", stated=None, images=4, square=False):
    numbers = np.tile(boxes, (images, 1))
    keys = np.repeat(np.arange(images), len(boxes)).tolist()
    stored = np.tile([320.0, 320.0 if square else 240.0], (len(numbers), 1))
    sizes = {"stored": stored, "shown": stored[:, ::-1]}
    placed = FramedBoxes(numbers, keys, sizes, np.ones(len(numbers), np.bool_))
    return framed_convention(placed, declared, default=default, stated=stated, file=FILE)


@pytest.mark.parametrize("default", ["shown", "stored"])
@pytest.mark.parametrize(("boxes", "frame"), [(SHOWN, "shown"), (STORED, "stored")])
def test_the_only_frame_that_fits_is_used_and_noted(boxes, frame, default):
    found = framed(boxes, default=default)

    assert found.orientation == frame
    assert found.judged.convention == BoxConvention("xyxy", "pixels")
    assert "4 images" in found.note
    assert f"{frame} frame" in found.note


@pytest.mark.parametrize("default", ["shown", "stored"])
def test_the_default_applies_where_both_fit_and_the_other_is_named(default):
    found = framed(BOTH_FIT, default=default)

    assert found.orientation == default
    other = {"shown": "stored", "stored": "shown"}[default]
    assert f"--orientation {other}" in found.note


@pytest.mark.parametrize("stated", ["shown", "stored"])
def test_sizes_in_the_file_decide_where_both_fit(stated):
    assert framed(BOTH_FIT, stated=stated).orientation == stated


def test_boxes_contradict_the_sizes_in_the_file():
    """Label Studio exports boxes as shown, with sizes as stored."""
    assert framed(SHOWN, stated="stored").orientation == "shown"


def test_square_images_have_the_default_frame():
    assert framed(SHOWN, square=True, default="stored").orientation == "stored"


def test_frame_and_order_are_judged_together():
    found = framed(SHOWN, UNDECLARED)

    assert (found.orientation, str(found.judged.convention)) == ("shown", "xyxy in pixels")
    assert len(found.notes) == 2


def test_corners_of_stored_images_are_not_taken_for_transposed_ones_of_shown_images():
    with refused("xyxy in pixels", "yxyx in pixels", "--orientation", "--box-format", "12 boxes"):
        framed(STORED, UNDECLARED)
    assert framed(STORED, UNDECLARED, stated="stored").orientation == "stored"
    with refused("xyxy in pixels", "xyxy in per-mille", "--box-unit"):
        framed(STORED, DeclaredBoxes("xyxy"))


def test_what_fits_no_frame_is_refused():
    with refused("4 images", "xyxy in pixels", file="mine.csv"):
        framed(SHOWN * 9)


def test_a_few_turned_images_are_judged_by_their_own_boxes():
    """Of 400 boxes, 12 are in turned images, too few to be noticed among all of them."""
    upright = np.tile([[10.0, 10, 300, 220]], (388, 1))
    numbers = np.concatenate([upright, np.tile(SHOWN, (4, 1))])
    turned = np.arange(400) >= 388
    stored = np.tile([320.0, 240.0], (400, 1))
    sizes = {"stored": stored, "shown": np.where(turned[:, None], stored[:, ::-1], stored)}
    boxes = FramedBoxes(numbers, list(range(400)), sizes, turned)

    found = framed_convention(boxes, PIXELS, default="stored", stated=None, file=FILE)

    assert found.orientation == "shown"
