"""Readings of box files are told apart by all boxes of a file, and never by a target."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.boxes.conventions import (
    ORDERS,
    SIDE_OF_UNIT,
    UNITS,
    BoxConvention,
    is_possible,
    outside,
    plausible_conventions,
)

# The same three regions in every image, on 320 x 240 pixels.
CORNERS = np.array([[20, 30, 100, 90], [150, 40, 250, 160], [60, 170, 180, 230]], np.float64)
SIZE = (320.0, 240.0)


def written(corners, convention, size=SIZE):
    """Write corners as a file of another convention would: the inverse, by hand."""
    x0, y0, x1, y1 = corners.T
    by_order = {
        "xyxy": (x0, y0, x1, y1),
        "yxyx": (y0, x0, y1, x1),
        "xywh": (x0, y0, x1 - x0, y1 - y0),
        "cxcywh": ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0),
    }
    numbers = np.stack(by_order[convention.order], axis=1)
    if convention.unit == "pixels":
        return numbers
    width, height = size
    sides = [height, width] * 2 if convention.order == "yxyx" else [width, height] * 2
    return numbers / sides * SIDE_OF_UNIT[convention.unit]


def file_of(convention, images=8, size=SIZE, corners=CORNERS):
    numbers = np.tile(written(corners, convention, size), (images, 1))
    keys = np.repeat(np.arange(images), len(corners)).tolist()
    return numbers, np.tile(size, (len(numbers), 1)), keys


every_convention = pytest.mark.parametrize(
    "convention", [BoxConvention(order, unit) for order in ORDERS for unit in UNITS], ids=str
)


@every_convention
def test_every_convention_is_converted_to_corners_in_pixels(convention):
    numbers, sizes, _ = file_of(convention, images=1)

    np.testing.assert_allclose(convention.to_xyxy(numbers, sizes), CORNERS, atol=1e-9)


@every_convention
def test_the_right_reading_is_among_the_plausible_ones(convention):
    numbers, sizes, images = file_of(convention)

    assert convention in plausible_conventions(numbers, sizes, images)


@pytest.mark.parametrize("order", ORDERS)
def test_pixels_are_told_from_everything_else(order):
    convention = BoxConvention(order, "pixels")

    assert plausible_conventions(*file_of(convention)) == [convention]


def test_a_corner_of_an_image_in_pixels_and_half_of_it_in_percent_are_the_same_numbers():
    """Label Studio exports x, y, width and height in percent."""
    convention = BoxConvention("xywh", "percent")
    numbers, sizes, images = file_of(convention, size=(640.0, 480.0))

    found = plausible_conventions(numbers, sizes, images, orders=["xywh"])
    assert found == [BoxConvention("xywh", "pixels"), convention]


def test_a_thousandth_of_a_large_image_may_be_a_pixel():
    """On 1600 x 1200 pixels, boxes from 0 to 1000 stay inside either way: both are named."""
    numbers, sizes, images = file_of(
        BoxConvention("xyxy", "per-mille"), 4, (1600.0, 1200.0), CORNERS * 5
    )

    found = plausible_conventions(numbers, sizes, images, orders=["xyxy"])
    assert {reading.unit for reading in found} == {"pixels", "per-mille"}


def test_corners_with_y_first_leave_a_landscape_image():
    numbers, sizes, images = file_of(BoxConvention("yxyx", "pixels"), images=4)

    assert not is_possible(numbers, BoxConvention("xyxy", "pixels"), sizes)
    assert plausible_conventions(numbers, sizes, images) == [BoxConvention("yxyx", "pixels")]


def test_a_single_box_leaves_several_readings():
    numbers, sizes, images = file_of(BoxConvention(), images=1, corners=CORNERS[:1])

    assert len(plausible_conventions(numbers, sizes, images)) > 1


def test_few_careless_boxes_do_not_change_the_reading():
    numbers, sizes, images = file_of(BoxConvention(), images=20)
    numbers[0, 2] = 900.0  # one of 60

    assert plausible_conventions(numbers, sizes, images) == [BoxConvention()]


def test_repeated_sentences_about_one_box_are_one_observation():
    numbers, sizes = np.array([[1.0, 1.0, 40.0, 30.0]] * 50), np.array([[320.0, 240.0]] * 50)

    once = plausible_conventions(numbers[:1], sizes[:1], ["image"])
    assert plausible_conventions(numbers, sizes, ["image"] * 50) == once


def test_an_empty_file_rules_nothing_out():
    found = plausible_conventions(np.empty((0, 4)), np.empty((0, 2)), [])

    assert len(found) == len(ORDERS) * len(UNITS)


@given(st.integers(0, 2**31))
def test_random_boxes_are_inside_their_images_when_read_as_they_were_written(seed):
    generator = np.random.default_rng(seed)
    sizes = generator.uniform(50, 2000, (5, 2))
    fractions = np.sort(generator.uniform(0, 1, (5, 2, 2)), axis=1).reshape(5, 4)
    corners = fractions * np.tile(sizes, 2)

    assert not outside(corners, sizes).any()
    for order in ORDERS:
        convention = BoxConvention(order, "pixels")
        assert is_possible(written(corners, convention), convention, sizes)
