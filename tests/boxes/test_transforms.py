"""A photo comes into the picture whole, and its boxes come along."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from tests.boxes.made import matrix_of, padding_mask
from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.boxes.transforms import (
    BAR_COLOR,
    FITS,
    Affine,
    Compose,
    Crop,
    Geometry,
    HorizontalFlip,
    Letterbox,
    LongerSide,
    Placed,
    Squash,
    fit_photo,
    place,
)

both_fits = pytest.mark.parametrize("fit", ["squash", "letterbox"])


@both_fits
@pytest.mark.parametrize("size", [(640, 480), (480, 640), (64, 64), (30, 20), (500, 60)])
def test_a_rectangle_lands_where_its_box_is_placed(size, fit):
    width, height = size
    left, top, right, bottom = width // 4, height // 4, width - width // 8, height - height // 3
    photo = Image.new("RGB", size, "black")
    pen = ImageDraw.Draw(photo)
    pen.rectangle(((left, top), (right - 1, bottom - 1)), fill="white")

    white = np.asarray(fit_photo(photo, 96, fit).convert("L")) > 150  # brighter than the bars

    box = place(width, height, 96, fit).forward(as_boxes((left, top, right, bottom)))[0]
    rows, columns = np.flatnonzero(white.any(axis=1)), np.flatnonzero(white.any(axis=0))
    found = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    assert found == pytest.approx(box, abs=1)
    assert white[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 0.98


@both_fits
@pytest.mark.parametrize("size", [(640, 480), (480, 640), (64, 64), (30, 20), (500, 3), (1, 1)])
def test_nothing_is_cropped(size, fit):
    width, height = size

    corners = place(width, height, 96, fit).forward(as_boxes((0, 0, width, height)))[0]

    assert corners.min() >= 0
    assert corners.max() <= 96 + 1e-9
    assert max(corners[2] - corners[0], corners[3] - corners[1]) == pytest.approx(96)


def test_a_marked_edge_survives_both_fits():
    photo = Image.new("RGB", (640, 480), "black")
    pen = ImageDraw.Draw(photo)
    pen.rectangle(((0, 0), (639, 479)), outline="white", width=16)

    squashed = np.asarray(fit_photo(photo, 64, "squash"))
    boxed = np.asarray(fit_photo(photo, 64, "letterbox"))[8:56]

    for picture in (squashed, boxed):
        edge = [picture[0], picture[-1], picture[:, 0], picture[:, -1]]
        assert min(pixels.min() for pixels in edge) > 200


def test_squash_fills_the_picture_and_letterbox_keeps_the_shape():
    squash, letterbox = place(640, 480, 224, "squash"), place(640, 480, 224, "letterbox")

    assert squash.forward(as_boxes((0, 0, 640, 480))).tolist() == [[0, 0, 224, 224]]
    assert letterbox.forward(as_boxes((0, 0, 640, 480)))[0] == pytest.approx([0, 28, 224, 196])
    assert letterbox.scale[0] == letterbox.scale[1]


def test_the_bars_are_of_clips_mean_color():
    picture = np.asarray(fit_photo(Image.new("RGB", (640, 480), "black"), 224, "letterbox"))

    assert (picture[:28] == BAR_COLOR).all()
    assert (picture[196:] == BAR_COLOR).all()
    assert (picture[28:196] == 0).all()
    mean = np.array([0.48145466, 0.4578275, 0.40821073])  # of OpenAI's preprocessing
    assert np.abs(np.array(BAR_COLOR) / 255 - mean).max() < 1 / 255


def test_no_boxes_are_placed_as_none():
    assert place(640, 480, 224, "squash").forward(as_boxes([])).shape == (0, 4)


SIDES = st.integers(1, 3000)
SIZES = st.tuples(SIDES, SIDES)


@st.composite
def crops(draw) -> Crop:
    left, top = draw(st.integers(-40, 40)), draw(st.integers(-40, 40))
    return Crop(left, top, left + draw(st.integers(1, 400)), top + draw(st.integers(1, 400)))


SHARES = st.tuples(st.floats(0, 1), st.floats(0, 1))
TRANSFORMS = st.one_of(
    st.builds(Squash, st.integers(1, 500)),
    st.builds(Letterbox, st.integers(1, 500)),
    st.builds(LongerSide, st.integers(1, 500)),
    st.builds(Placed, st.integers(1, 500), st.sampled_from(list(FITS)), st.floats(0.2, 1), SHARES),
    st.just(HorizontalFlip()),
    crops(),
)
COMPOSED = st.builds(Compose, st.lists(TRANSFORMS, max_size=4).map(tuple))


@st.composite
def boxes_in(draw, size) -> np.ndarray:
    """Boxes inside an image, the four numbers anywhere between its edges."""
    shares = draw(arrays(np.float64, (3, 2, 2), elements=st.floats(0, 1)))
    return (np.sort(shares, axis=1) * size).reshape(-1, 4)


@given(st.data(), SIZES, st.one_of(TRANSFORMS, COMPOSED))
def test_a_box_comes_back_from_the_input_as_it_was(data, size, transform):
    boxes = data.draw(boxes_in(size))
    geometry = transform.geometry(size)

    there = geometry.forward(boxes)

    assert np.abs(geometry.backward(there) - boxes).max() <= 1e-9
    assert (there[:, 2:] >= there[:, :2]).all()


@given(st.data(), SIZES)
def test_flipping_twice_changes_nothing(data, size):
    boxes = data.draw(boxes_in(size))
    flip = HorizontalFlip().geometry(size)

    assert np.abs(flip.forward(flip.forward(boxes)) - boxes).max() <= 1e-9
    assert Compose((HorizontalFlip(),) * 2).geometry(size) == Geometry.identity(size)


@given(st.data(), SIZES, st.lists(TRANSFORMS, min_size=1, max_size=4))
def test_a_composition_is_the_product_of_matrices(data, size, steps):
    boxes = data.draw(boxes_in(size))
    product, at = np.eye(3), size
    for step in steps:
        geometry = step.geometry(at)
        product, at = matrix_of(geometry.affine) @ product, geometry.size

    composed = Compose(tuple(steps)).geometry(size)

    corners = np.concatenate([boxes.reshape(-1, 2), np.ones((2 * len(boxes), 1))], axis=1)
    mapped = np.sort((corners @ product.T)[:, :2].reshape(-1, 2, 2), axis=1).reshape(-1, 4)
    assert composed.size == at
    assert matrix_of(composed.affine) == pytest.approx(product)
    assert composed.forward(boxes) == pytest.approx(mapped, rel=1e-9, abs=1e-6)


@given(st.data(), SIZES, crops())
def test_a_crop_keeps_what_lies_in_its_window(data, size, crop):
    boxes = data.draw(boxes_in(size))
    window = [crop.left, crop.top, crop.right, crop.bottom]
    inside = np.clip(boxes, window[:2] * 2, window[2:] * 2)
    sides = np.clip(inside[:, 2:] - inside[:, :2], 0, None)
    geometry = crop.geometry(size)

    kept = geometry.visible_share(boxes)

    whole = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    assert kept * whole == pytest.approx(sides.prod(axis=1), abs=1e-6)
    untouched = (inside == boxes).all(axis=1)
    assert geometry.visible(boxes[untouched]) == pytest.approx(
        boxes[untouched] - np.tile(window[:2], 2)
    )


@settings(max_examples=50)
@given(st.tuples(st.integers(20, 200), st.integers(20, 200)), st.lists(TRANSFORMS, max_size=3))
def test_pixels_go_where_their_box_goes(size, steps):
    transform = Compose(tuple(steps))
    geometry = transform.geometry(size)
    left, top, right, bottom = size[0] // 4, size[1] // 4, size[0] // 4 * 3, size[1] // 4 * 3
    image = Image.new("RGB", size, "black")
    image.paste((0, 255, 0), (left, top, right, bottom))

    pixels = np.asarray(transform.apply(image)).astype(int)

    assert pixels.shape == (geometry.size[1], geometry.size[0], 3)
    box = geometry.visible(as_boxes((left, top, right, bottom)))[0]
    green = pixels[..., 1] - pixels[..., 0] > 128  # bars are nearly grey
    margin = np.zeros(2)  # every resizing softens an edge, which the next one scales
    at = size
    for step in steps:
        one = step.geometry(at)
        scale, at = np.abs(one.affine.scale), one.size
        margin = margin * scale + 3 * np.maximum(scale, 1) * (scale != 1)
    margin = np.concatenate([margin, -margin])
    deep, wide = within(green.shape, box + margin), within(green.shape, box - margin)
    assert green[deep].all()
    assert not green[~wide].any()


@settings(max_examples=50)
@given(st.tuples(st.integers(5, 200), st.integers(5, 200)), st.integers(1, 99), crops())
def test_the_padding_mask_says_where_no_image_is(size, side, crop):
    red = (255, 0, 0)
    steps = (Letterbox(side, color=red), replace(crop, color=red), HorizontalFlip())
    transform = Compose(steps)

    pixels = np.asarray(transform.apply(Image.new("RGB", size, (0, 0, 255))))

    mask = padding_mask(transform.geometry(size))
    assert mask.shape == pixels.shape[:2]
    assert ((pixels[..., 0] == 255) == mask).all()


def within(shape, box) -> np.ndarray:
    rows, columns = np.indices(shape) + 0.5
    left, top, right, bottom = box
    return (left < columns) & (columns < right) & (top < rows) & (rows < bottom)


def test_an_image_is_never_enlarged_to_a_longer_side():
    assert LongerSide(512).geometry((640, 480)).size == (512, 384)
    assert LongerSide(512).geometry((30, 40)) == Geometry.identity((30, 40))


def test_a_map_and_its_inverse_undo_each_other_between_stored_and_original_images():
    stored = Affine.between((640, 480), (512, 384))

    back = stored.then(Affine.between((512, 384), (640, 480)))
    assert matrix_of(back) == pytest.approx(np.eye(3))
