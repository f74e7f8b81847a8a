"""A circle is a line within its grown box; setting apart leaves the box and changes the rest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from vg_mc.images import Circle, Outside, Regions
from vg_mc.images.regions import covered_pixels, grown

RED = (255, 0, 0)
WIDTH, HEIGHT = 60, 40
BLURRED, GRAY = Outside(blur=0.1, saturation=1.0), Outside(blur=0.0, saturation=0.0)


def noise() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 250, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def inside_of(box) -> np.ndarray:
    left, top, right, bottom = covered_pixels(box, WIDTH, HEIGHT)
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[top:bottom, left:right] = True
    return inside


def drawn(view, picture, boxes) -> list[Image.Image]:
    return list(view.draw(Regions(picture, boxes, picture, boxes)))


def only(pictures) -> np.ndarray:
    (picture,) = pictures
    return np.asarray(picture)


edges = st.floats(-10, 70)
boxes = st.tuples(edges, edges, edges, edges).map(
    lambda each: (min(each[0::2]), min(each[1::2]), max(each[0::2]), max(each[1::2]))
)


@given(boxes, st.integers(1, 4))
def test_a_circle_is_a_line_within_its_grown_box_and_nothing_else_changes(box, outline):
    picture = noise()

    candidate = only(drawn(Circle(RED, outline, 0.1), picture, [box]))

    painted = (candidate == RED).all(axis=2)
    assert painted.any()
    assert not (painted & ~inside_of(grown(box, 1.1))).any()
    assert (candidate[~painted] == np.asarray(picture)[~painted]).all()


def test_the_line_is_the_ring_between_two_ellipses():
    candidate = only(drawn(Circle(RED, 2, 0.0), noise(), [(10, 5, 50, 35)]))

    painted = (candidate == RED).all(axis=2)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5

    def within(width, height):
        return ((x - 30) / width) ** 2 + ((y - 20) / height) ** 2 <= 1

    ring = within(20, 15) & ~within(18, 13)
    assert (painted & ~(within(20.5, 15.5) & ~within(17, 12))).sum() == 0
    assert (painted & ring).sum() > 0.9 * ring.sum()


@pytest.mark.parametrize("outside", [BLURRED, GRAY])
@given(box=boxes)
def test_the_box_stays_and_all_else_is_changed(outside, box):
    picture = noise()

    candidate = only(drawn(outside, picture, [box]))

    inside = inside_of(box)
    assert (candidate[inside] == np.asarray(picture)[inside]).all()
    whole = only(drawn(outside, picture, [(0, 0, 1, 1)]))
    beyond = ~inside & ~inside_of((0, 0, 1, 1))
    assert (candidate[beyond] == whole[beyond]).all()


def test_gray_is_the_luminance_and_blur_is_that_of_the_whole_picture():
    picture, box = noise(), (20, 10, 30, 20)
    outside = ~inside_of(box)

    gray = only(drawn(GRAY, picture, [box]))[outside]
    blurred = only(drawn(BLURRED, picture, [box]))[outside]

    luminance = np.asarray(picture, float) @ (0.299, 0.587, 0.114)
    assert np.abs(gray - luminance[outside][:, None]).max() <= 1
    expected = picture.filter(ImageFilter.GaussianBlur(0.1 * WIDTH))  # its longer side
    assert (blurred == np.asarray(expected)[outside]).all()


def test_each_box_starts_from_an_untouched_picture():
    picture, pair = noise(), [(0, 0, 10, 10), (30, 20, 50, 30)]

    for view in (Circle(RED, 2, 0.01), GRAY):
        second = drawn(view, picture, pair)[1]
        assert (np.asarray(second) == only(drawn(view, picture, pair[1:]))).all()
        assert drawn(view, picture, []) == []


def test_a_box_grows_around_its_centre():
    assert grown((10, 20, 30, 30), 1.5) == (5, 17.5, 35, 32.5)
    assert grown((10, 20, 30, 30), 1) == (10, 20, 30, 30)


def test_a_circle_without_a_line_is_refused():
    with pytest.raises(ValueError, match="outline"):
        Circle(RED, 0, 0.01)
