from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.refusals import refused
from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.boxes.formats import (
    BOX_FORMATS,
    cut_to_photo,
    fits,
    leaving,
    require_fit,
    to_xyxy,
)

FILE = Path("boxes.csv")
WIDTH, HEIGHT = 200, 100
CORNERS = (20.0, 30.0, 60.0, 50.0)

WRITTEN = {
    "xyxy": (20, 30, 60, 50),
    "xywh": (20, 30, 40, 20),
    "cxcywh": (40, 40, 40, 20),
    "normalized-xyxy": (0.1, 0.3, 0.3, 0.5),
    "normalized-xywh": (0.1, 0.3, 0.2, 0.2),
    "normalized-cxcywh": (0.2, 0.4, 0.2, 0.2),
}


def sizes(count: int) -> np.ndarray:
    return np.tile([WIDTH, HEIGHT], (count, 1)).astype(float)


def as_written(corners: np.ndarray, box_format: str) -> np.ndarray:
    """Write boxes in a format, one number after the other."""
    rows = []
    for left, top, right, bottom in corners.tolist():
        width, height = right - left, bottom - top
        row = {
            "xyxy": [left, top, right, bottom],
            "xywh": [left, top, width, height],
            "cxcywh": [left + width / 2, top + height / 2, width, height],
        }[box_format.removeprefix("normalized-")]
        if box_format.startswith("normalized"):
            row = [row[0] / WIDTH, row[1] / HEIGHT, row[2] / WIDTH, row[3] / HEIGHT]
        rows.append(row)
    return as_boxes(rows)


def random_corners(count: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    points = np.sort(generator.uniform(0, 1, (count, 2, 2)), axis=1)
    return (points * [WIDTH, HEIGHT]).reshape(-1, 4)


@pytest.mark.parametrize("box_format", BOX_FORMATS)
def test_every_format_of_one_box_gives_the_same_corners(box_format):
    corners = to_xyxy(as_boxes(WRITTEN[box_format]), box_format, sizes(1))

    assert corners[0].tolist() == pytest.approx(CORNERS)


@given(st.sampled_from(BOX_FORMATS), st.integers(0, 99))
def test_any_box_comes_back_from_any_format(box_format, seed):
    corners = random_corners(5, seed)

    found = to_xyxy(as_written(corners, box_format), box_format, sizes(5))

    assert np.abs(found - corners).max() < 1e-9


@pytest.mark.parametrize("written", BOX_FORMATS)
@pytest.mark.parametrize("read", BOX_FORMATS)
def test_a_mix_up_of_any_two_formats_is_noticed(written, read):
    numbers = as_written(random_corners(200), written)

    if written == read:
        require_fit(numbers, read, sizes(200), FILE)
        return
    with refused("boxes.csv", "200", read) as caught:
        require_fit(numbers, read, sizes(200), FILE)
    assert written in caught.value.problem.split("they would fit as")[1]


def test_numbers_of_no_format_are_said_to_be_so():
    with refused("format"):
        require_fit(as_boxes([[900, 900, 950, 950]] * 4), "xyxy", sizes(4), FILE)


def test_a_few_careless_boxes_are_no_mix_up():
    numbers = random_corners(100)
    numbers[:5] += [WIDTH, HEIGHT, WIDTH, HEIGHT]

    assert fits(numbers, "xyxy", sizes(100))
    numbers[5] += WIDTH
    assert not fits(numbers, "xyxy", sizes(100))


def test_of_fewer_than_three_wrong_boxes_no_share_is_taken():
    assert fits(as_boxes([[900, 900, 950, 950]] * 2), "xyxy", sizes(2))
    assert fits(as_boxes([]), "xyxy", sizes(0))


def test_a_box_may_stand_out_by_a_slip_of_the_hand():
    corners = as_boxes([[-5, -3, 205, 103], [-5.1, 0, 9, 9], [0, 0, 9, 103.1], [9, 0, 8, 9]])

    assert leaving(corners, sizes(4)).tolist() == [False, True, True, True]


def test_a_box_is_cut_to_its_photo():
    assert cut_to_photo(as_boxes([-9, 2, 20, 200]), (0,), WIDTH, HEIGHT) == (0, 2, 20, HEIGHT)
    with refused("[9, 0, 9, 9]"):
        cut_to_photo(as_boxes([9, 0, 9, 9]), (9, 0, 9, 9), WIDTH, HEIGHT)
    with refused("200", "100"):
        cut_to_photo(as_boxes([199.5, 0, 300, 1.5]), (199, 0, 9), WIDTH, HEIGHT)
