"""Conventions of box files are recognized from all boxes of a file, and never from a target."""

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


EVERY = [BoxConvention(order, unit) for order in ORDERS for unit in UNITS]
every_convention = pytest.mark.parametrize("convention", EVERY, ids=str)


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
    assert convention in found
    assert BoxConvention("xywh", "pixels") in found


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


LANDSCAPE = [(640, 480), (640, 427), (500, 375), (1280, 720)]
PHOTOS = {
    "landscape": LANDSCAPE,
    "mixed": [*LANDSCAPE, (480, 640), (375, 500)],
    "large": [(1600, 1200), (4000, 3000), (1200, 1600)],
    "small": [(80, 60), (160, 120), (120, 160)],
}


def random_file(generator, convention, photos, count):
    """Boxes of any place and size, one per image, written in a convention."""
    sizes = np.array(photos, np.float64)[generator.integers(0, len(photos), count)]
    fractions = np.sort(generator.uniform(0, 1, (count, 2, 2)), axis=1).reshape(count, 4)
    corners = fractions * np.tile(sizes, 2)
    rows = zip(corners, sizes, strict=True)
    numbers = np.array([written(box[None], convention, size)[0] for box, size in rows])
    return numbers, sizes, list(range(count))


@every_convention
@pytest.mark.parametrize("photos", PHOTOS.values(), ids=PHOTOS)
@pytest.mark.parametrize("seed", range(3))
def test_of_100_boxes_one_convention_is_plausible(convention, photos, seed):
    """Transposed corners in fractions of the sides stay inside any image: these two remain."""
    file = random_file(np.random.default_rng(seed), convention, photos, 100)

    found = plausible_conventions(*file)

    if convention.unit == "pixels" or convention.order in ("xywh", "cxcywh"):
        assert found == [convention]
    else:
        assert found == [BoxConvention(order, convention.unit) for order in ("xyxy", "yxyx")]


@given(
    seed=st.integers(0, 2**31),
    convention=st.sampled_from(EVERY),
    photos=st.sampled_from(list(PHOTOS.values())),
    count=st.integers(1, 60),
)
def test_the_right_convention_is_never_excluded(seed, convention, photos, count):
    file = random_file(np.random.default_rng(seed), convention, photos, count)

    assert convention in plausible_conventions(*file)


@pytest.mark.parametrize("count", [1, 5, 50, 500])
@pytest.mark.parametrize("size", [(640.0, 480.0), (1600.0, 1200.0), (4000.0, 3000.0)])
@pytest.mark.parametrize("corner", [50, 80, 130, 500])
def test_pixels_of_objects_in_one_corner_are_never_excluded(count, size, corner):
    generator = np.random.default_rng(count)
    corners = np.sort(generator.uniform(0, corner, (count, 2, 2)), axis=1).reshape(count, 4)
    sizes = np.tile(size, (count, 1))

    if not outside(corners, sizes).any():
        assert BoxConvention() in plausible_conventions(corners, sizes, list(range(count)))


def test_a_logo_that_ends_at_100_pixels_is_not_in_percent():
    ends = np.random.default_rng(0).uniform(95, 100, (200, 2))
    corners = np.concatenate([ends * 0 + 10, ends], axis=1)

    found = plausible_conventions(corners, np.tile((640.0, 480.0), (200, 1)), list(range(200)))
    assert BoxConvention() in found


def test_pixels_and_thousandths_are_alike_on_images_of_about_a_thousand_pixels():
    generator = np.random.default_rng(0)
    file = random_file(generator, BoxConvention("xyxy", "per-mille"), [(1024, 1024)], 300)

    found = plausible_conventions(*file, orders=["xyxy"])
    assert {one.unit for one in found} == {"pixels", "per-mille"}


@pytest.mark.parametrize("order", ["xyxy", "yxyx"])
def test_square_images_leave_both_orders_of_corners(order):
    generator = np.random.default_rng(0)
    file = random_file(generator, BoxConvention(order, "pixels"), [(640, 640)], 300)

    assert [one.order for one in plausible_conventions(*file)] == ["xyxy", "yxyx"]


def test_boxes_of_whole_images_leave_corners_and_sides():
    sizes = np.array(LANDSCAPE * 20, np.float64)
    numbers = np.concatenate([sizes * 0, sizes], axis=1)

    found = plausible_conventions(numbers, sizes, list(range(len(sizes))))
    assert found == [BoxConvention("xyxy", "pixels"), BoxConvention("xywh", "pixels")]


def test_the_same_boxes_in_a_quarter_of_every_image_are_not_taken_for_pixels():
    """Three boxes in thousandths, all in the top left quarter, also fill 640 x 480 pixels."""
    convention = BoxConvention("xyxy", "per-mille")
    file = file_of(convention, images=30, size=(640.0, 480.0))

    assert convention in plausible_conventions(*file, orders=["xyxy"])


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
