"""Places of objects follow the rules of Pseudo-Q, relative to the image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.corpora.pseudo_labels.placing import place_words

SIZE = (640, 480)


def boxes_at(*centers, side=40):
    """Boxes of equal size around centers, as fractions of the image."""
    return np.array(
        [
            [x * SIZE[0] - side, y * SIZE[1] - side, x * SIZE[0] + side, y * SIZE[1] + side]
            for x, y in centers
        ]
    )


def test_a_single_object_has_no_place():
    assert place_words(boxes_at((0.1, 0.9)), SIZE) == [set()]
    assert place_words(np.empty((0, 4)), SIZE) == []


@pytest.mark.parametrize(
    ("centers", "expected"),
    [
        ([(0.2, 0.5), (0.7, 0.5)], [{"left"}, {"right"}]),
        ([(0.5, 0.8), (0.5, 0.2)], [{"bottom"}, {"top"}]),
        ([(0.2, 0.5), (0.27, 0.5)], [set(), set()]),  # closer than 8 % of the width
        ([(0.2, 0.5), (0.5, 0.5), (0.8, 0.5)], [{"left"}, {"middle", "center"}, {"right"}]),
        (  # of more than three, those between the ends go by quarters of the image
            [(0.1, 0.5), (0.2, 0.5), (0.5, 0.5), (0.8, 0.5), (0.9, 0.5)],
            [{"left"}, {"left"}, {"middle", "center"}, {"right"}, {"right"}],
        ),
        (  # at a height of 0.24 of the image, which is less than a quarter of neither side
            [(0.5, 0.1), (0.5, 0.24), (0.5, 0.5), (0.5, 0.9)],
            [{"top"}, {"top"}, set(), {"bottom"}],
        ),
        (  # two at the same place share no end
            [(0.2, 0.5), (0.2, 0.5), (0.7, 0.5)],
            [set(), set(), {"right"}],
        ),
    ],
)
def test_ends_and_quarters_have_words(centers, expected):
    assert place_words(boxes_at(*centers), SIZE) == expected


def test_the_largest_is_in_front_and_the_smallest_behind():
    middle = np.array([320, 240, 320, 240])
    boxes = np.stack([middle + side * np.array([-1, -1, 1, 1]) for side in (20, 25, 100, 95)])

    words = place_words(boxes, SIZE)

    assert words == [{"behind"}, {"behind"}, {"front"}, {"front"}]
    assert place_words(boxes[[0, 1]], SIZE) == [set(), set()]  # 0.64 of the area


@given(seed=st.integers(0, 10**6), count=st.integers(2, 7))
def test_places_are_mirrored_with_the_image_and_do_not_depend_on_its_scale(seed, count):
    generator = np.random.default_rng(seed)
    boxes = boxes_at(*generator.uniform(0.1, 0.9, (count, 2)), side=10)
    flipped = boxes.copy()
    flipped[:, [0, 2]] = SIZE[0] - boxes[:, [2, 0]]
    swapped = {"left": "right", "right": "left"}

    words = place_words(boxes, SIZE)

    assert place_words(flipped, SIZE) == [{swapped.get(w, w) for w in each} for each in words]
    assert place_words(3 * boxes, (3 * SIZE[0], 3 * SIZE[1])) == words
