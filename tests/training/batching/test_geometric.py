"""Random geometry of whole images keeps all targets, and is the plain fit without options."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vg_mc.boxes.transforms import FITS
from vg_mc.training.batching.geometric import GeometryOptions, draw_geometry

SIDE = 64
FREE = "man in red"
EVERYTHING = GeometryOptions(crop=1.0, smallest_crop=0.3, smallest_scale=0.4, translate=True)

sizes = st.tuples(st.integers(8, 200), st.integers(8, 200))


def drawn(options, size, targets, *, texts=(FREE,), fit="letterbox", flip=False, key=(0, 0, 0)):
    targets = np.array(targets, np.float64)
    return draw_geometry(options, size, targets, texts, side=SIDE, fit=fit, flip=flip, key=key)


@st.composite
def targets_on_images(draw):
    """Draw the size of an image and one to three boxes on it."""
    width, height = draw(sizes)
    boxes = []
    for _ in range(draw(st.integers(1, 3))):
        left, top = draw(st.floats(0, width - 1)), draw(st.floats(0, height - 1))
        right, bottom = draw(st.floats(left + 1, width)), draw(st.floats(top + 1, height))
        boxes.append([left, top, right, bottom])
    return (width, height), boxes


@pytest.mark.parametrize("fit", FITS)
@given(size=sizes)
def test_without_options_it_is_the_plain_fit(fit, size):
    image = Image.effect_noise(size, 80).convert("RGB")
    plain = FITS[fit](SIDE)

    found = drawn(GeometryOptions(), size, [[0, 0, *size]], fit=fit)

    one, other = found.geometry(size), plain.geometry(size)
    assert one.size == other.size
    assert one.content == pytest.approx(other.content, abs=1e-9)
    assert one.affine.matrix == pytest.approx(other.affine.matrix, abs=1e-9)
    assert np.array_equal(one.padding_mask(), other.padding_mask())
    assert found.apply(image).tobytes() == plain.apply(image).tobytes()


@pytest.mark.parametrize("fit", FITS)
@given(image=targets_on_images(), flip=st.booleans(), seed=st.integers(0, 10**6))
def test_every_target_stays_visible_and_returns_to_its_place(fit, image, flip, seed):
    size, targets = image

    geometry = drawn(EVERYTHING, size, targets, fit=fit, flip=flip, key=(seed, 1, 2)).geometry(size)

    boxes = np.array(targets)
    assert geometry.size == (SIDE, SIDE)
    assert geometry.visible_share(boxes) == pytest.approx(1)
    assert geometry.backward(geometry.forward(boxes)) == pytest.approx(boxes, abs=1e-9)


@given(seed=st.integers(0, 10**6))
def test_a_crop_is_not_smaller_than_declared(seed):
    options = GeometryOptions(crop=1.0, smallest_crop=0.6)

    crop, *_ = drawn(options, (100, 50), [[40, 20, 50, 30]], key=(seed,)).steps

    width, height = crop.right - crop.left, crop.bottom - crop.top
    assert 60 <= width <= 100
    assert 30 <= height <= 50
    assert 0 <= crop.left <= 40
    assert 0 <= crop.top <= 20


@pytest.mark.parametrize(
    ("texts", "cropped"),
    [
        (["man in red"], True),
        (["man in red", "the brighter shirt"], True),
        (["left man"], False),
        (["man in red", "second from the back"], False),
        (["woman in the MIDDLE"], False),
        (["upper corner"], False),
    ],
)
def test_an_image_is_never_cropped_if_an_expression_names_a_place(texts, cropped):
    whole = [
        drawn(GeometryOptions(crop=1.0, smallest_crop=0.3), (90, 60), [[40, 20, 50, 30]],
              texts=texts, key=(seed,)) == drawn(GeometryOptions(), (90, 60), [[40, 20, 50, 30]])
        for seed in range(20)
    ]  # fmt: skip

    assert all(whole) is not cropped


def test_the_share_of_cropped_images_is_the_probability():
    plain = drawn(GeometryOptions(), (90, 60), [[40, 20, 50, 30]])
    options = GeometryOptions(crop=0.3, smallest_crop=0.3)

    cropped = [drawn(options, (90, 60), [[40, 20, 50, 30]], key=(seed,)) != plain
               for seed in range(1000)]  # fmt: skip

    assert np.mean(cropped) == pytest.approx(0.3, abs=0.05)


def test_a_flip_shows_the_mirror_image():
    image = Image.effect_noise((80, 40), 80).convert("RGB")
    mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)

    flipped = drawn(GeometryOptions(), image.size, [[0, 0, 9, 9]], flip=True)

    plain = drawn(GeometryOptions(), image.size, [[0, 0, 9, 9]])
    assert flipped.apply(image).tobytes() == plain.apply(mirrored).tobytes()
    assert flipped.geometry(image.size).forward(np.array([[0.0, 0, 20, 40]])).tolist() == [
        [48, 16, 64, 48]
    ]


def test_the_same_key_gives_the_same_geometry_and_another_epoch_another():
    keys = [(0, 0, 7), (0, 0, 7), (0, 1, 7), (1, 0, 7), (0, 0, 8)]

    one, same, *others = (drawn(EVERYTHING, (90, 60), [[40, 20, 50, 30]], key=key) for key in keys)

    assert one == same
    assert all(other != one for other in others)
    assert len(set(others)) == len(others)
