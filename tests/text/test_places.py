"""Words about places order boxes by their centres, and words about other things do not."""

import numpy as np
import pytest

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.text.places import names_place, place_values

# Centres at 10, 90, 50 and 30 of 100 pixels, and at 25, 5, 15 and 45 of 50.
BOXES = as_boxes([(0, 20, 20, 30), (80, 0, 100, 10), (40, 10, 60, 20), (20, 40, 40, 50)])


def best(text: str) -> int:
    return int(place_values(text, BOXES, (100, 50)).argmax())


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("man on the left", 0),
        ("LEFTMOST one", 0),
        ("right guy", 1),
        ("center", 2),
        ("the lower one", 3),
        ("top right", 1),
        ("bottom left", 3),
        ("man on the left of the photo", 0),
        ("second from left", 3),
        ("2nd guy from the right", 2),
        ("third person from far left", 2),
        ("first from left", 0),
    ],
)
def test_the_box_that_lies_there_is_best(text, chosen):
    assert best(text) == chosen


@pytest.mark.parametrize(
    "text", ["", "red shirt", "man left of the dog", "bright", "first one", "to the right of him"]
)
def test_nothing_is_said_about_the_place_in_the_photo(text):
    assert not place_values(text, BOXES, (100, 50)).any()


def test_a_side_is_worth_minus_the_distance_to_it():
    assert np.allclose(place_values("left", BOXES, (100, 50)), [-0.1, -0.9, -0.5, -0.3])
    assert np.allclose(place_values("top", BOXES, (100, 50)), [-0.5, -0.1, -0.3, -0.9])


def test_an_order_is_worth_minus_the_places_between():
    assert place_values("second from left", BOXES, (100, 50)).tolist() == [-1, -2, -1, 0]


def test_no_boxes_have_no_values():
    assert place_values("left", as_boxes([]), (100, 50)).shape == (0,)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("man on the left", True),
        ("LEFTMOST one", True),
        ("second from right", True),
        ("dog in the corner", True),
        ("last one", True),
        ("the middle cup", True),
        ("man left of the dog", False),
        ("red shirt", False),
        ("bright one", False),
    ],
)
def test_a_place_in_the_image_is_named(text, named):
    assert names_place(text) == named
