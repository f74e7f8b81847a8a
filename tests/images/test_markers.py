"""A marker paints its box, all of it, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vg_mc.images import VIEWS, Marker, Regions
from vg_mc.images.markers import CLIP_REFCOCO, draw_frame
from vg_mc.images.regions import covered_pixels


def noise(width=40, height=30) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def each_drawn(picture, boxes, marker) -> list[Image.Image]:
    return list(marker.draw(Regions(picture, boxes, picture, boxes)))


def drawn(picture, box, marker) -> np.ndarray:
    (candidate,) = each_drawn(picture, [box], marker)
    return np.asarray(candidate)


coordinate = st.floats(-20, 60)


@given(st.tuples(coordinate, coordinate, coordinate, coordinate), st.integers(0, 4))
def test_only_the_pixels_that_the_box_touches_are_painted(corners, outline):
    left, right = sorted(corners[::2])
    top, bottom = sorted(corners[1::2])
    picture = noise()

    candidate = drawn(picture, (left, top, right, bottom), Marker((255, 0, 255), 1.0, outline))

    painted = (candidate == (255, 0, 255)).all(axis=2)
    x, y = np.arange(40), np.arange(30)
    touched = ((y < bottom) & (y + 1 > top))[:, None] & ((x < right) & (x + 1 > left))[None, :]
    if touched.any():
        assert (painted == touched).all()
    else:  # outside, or of no width: one row or column stands for it
        assert 1 <= painted.sum() <= max(40, 30)
    assert (candidate[~painted] == np.asarray(picture)[~painted]).all()


@pytest.mark.parametrize(
    "box", [(7.2, 3.4, 7.3, 3.5), (39.9, 29.9, 40, 30), (5, 5, 5, 5), (90, 90, 99, 99)]
)
def test_a_box_thinner_than_a_pixel_marks_one(box):
    candidate = drawn(noise(), box, Marker((255, 0, 255), 1.0, 2))

    assert (candidate == (255, 0, 255)).all(axis=2).sum() == 1


def test_the_shading_is_the_blend_that_its_opacity_says():
    picture = noise()

    candidate = drawn(picture, (10, 5, 30, 25), CLIP_REFCOCO)

    inner = np.asarray(picture, dtype=float)[7:23, 12:28]
    expected = inner * 5 / 6 + np.array([50, 205, 50]) / 6
    assert np.abs(candidate[7:23, 12:28] - expected).max() <= 0.5


def test_the_outline_is_two_pixels_of_limegreen_inside_the_box():
    candidate = drawn(noise(), (10, 5, 30, 25), CLIP_REFCOCO)

    frame = np.zeros((30, 40), dtype=bool)
    frame[5:25, 10:30] = True
    frame[7:23, 12:28] = False
    assert (candidate[frame] == (50, 205, 50)).all()
    assert not (candidate[7:23, 12:28] == (50, 205, 50)).all(axis=2).any()


def test_without_opacity_only_the_outline_shows():
    picture = noise()

    candidate = drawn(picture, (10, 5, 30, 25), Marker((255, 0, 0), 0, 1))

    assert (candidate[6:24, 11:29] == np.asarray(picture)[6:24, 11:29]).all()
    assert (candidate[5, 10:30] == (255, 0, 0)).all()


def test_an_outline_wider_than_the_box_stays_inside_it():
    candidate = drawn(noise(), (10, 5, 13, 7), Marker((255, 0, 255), 0, 9))

    assert (candidate == (255, 0, 255)).all(axis=2).sum() == 6


def test_each_box_gets_a_picture_of_its_own_and_the_input_stays():
    picture, untouched = noise(), np.asarray(noise())

    first, second = each_drawn(picture, [(0, 0, 5, 5), (20, 20, 25, 25)], CLIP_REFCOCO)

    assert (np.asarray(picture) == untouched).all()
    assert (np.asarray(first)[20:, 20:] == untouched[20:, 20:]).all()
    assert (np.asarray(second)[:5, :5] == untouched[:5, :5]).all()


def test_no_boxes_make_no_pictures():
    assert each_drawn(noise(), [], CLIP_REFCOCO) == []


def test_rounding_errors_of_scaling_touch_no_pixel():
    scaled = (30 * (224 / 640), 0.1 + 0.2 - 0.3, 100 * (1 / 3) * 3, 3 * 1.1 - 0.3)

    assert covered_pixels(scaled, 224, 224) == (10, 0, 100, 3)


def test_the_markers_of_clip_refcoco():
    assert Marker((50, 205, 50), 1 / 6, 2) == CLIP_REFCOCO
    assert Marker((0, 255, 0), 0.5, 2) == VIEWS["clip-refcoco-readme"]


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({"opacity": 1.5}, "opacity .* 1.5"),
        ({"opacity": float("nan")}, "opacity .* nan"),
        ({"outline": -1}, "outline .* -1"),
    ],
)
def test_an_impossible_marker_is_refused(properties, problem):
    with pytest.raises(ValueError, match=problem):
        replace(CLIP_REFCOCO, **properties)


def test_a_frame_lies_inside_its_box_and_a_thin_one_still_has_a_pixel():
    image = Image.new("RGB", (8, 8))

    draw_frame(image, (1, 2, 5, 6), (255, 0, 0), 1)
    draw_frame(image, (7, 7, 7.2, 7.2), (255, 0, 0), 1)

    expected = np.zeros((8, 8), dtype=bool)
    expected[2:6, 1:5] = True
    expected[3:5, 2:4] = False
    expected[7, 7] = True
    assert np.array_equal(np.asarray(image)[..., 0] == 255, expected)
