"""A crop shows the pixels of its box and no others, cut from the photo before it is resized."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vg_mc.boxes.transforms import BAR_COLOR
from vg_mc.images import Crop, Regions

BICUBIC = Image.Resampling.BICUBIC
WIDTH, HEIGHT = 90, 60
SQUASHED, SURROUNDED, BARS = Crop("squashed"), Crop("surroundings"), Crop("bars")


def noise(width=WIDTH, height=HEIGHT) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def only(photo, box, crop, size=32) -> np.ndarray:
    fitted = Image.new("RGB", (size, size))
    (picture,) = crop.draw(Regions(photo, [box], fitted, []))
    return np.asarray(picture)


def resized(photo, pixels, size=(32, 32)) -> np.ndarray:
    return np.asarray(photo.crop(pixels).resize(size, BICUBIC))


@pytest.mark.parametrize("box", [(10, 5, 40, 25), (10.2, 4.9, 39.5, 25.1), (0, 0, 90, 60)])
def test_a_crop_is_the_box_resized(box):
    left, top, right, bottom = np.floor(box[:2]).tolist() + np.ceil(box[2:]).tolist()

    assert (only(noise(), box, SQUASHED) == resized(noise(), (left, top, right, bottom))).all()


def test_what_lies_outside_the_box_is_not_seen():
    photo = noise()
    other = Image.new("RGB", photo.size, (255, 0, 255))
    other.paste(photo.crop((10, 5, 40, 25)), (10, 5))

    for crop in (SQUASHED, BARS):
        assert (only(photo, (10, 5, 40, 25), crop) == only(other, (10, 5, 40, 25), crop)).all()


def test_padding_takes_the_photos_own_surroundings():
    expected = resized(noise(), (10, 0, 40, 30))  # 30 wide, 20 high: 5 more on either side

    assert (only(noise(), (10, 5, 40, 25), SURROUNDED) == expected).all()


def test_at_an_edge_the_square_moves_into_the_photo():
    assert (only(noise(), (60, 50, 90, 60), SURROUNDED) == resized(noise(), (60, 30, 90, 60))).all()


def test_where_the_photo_is_too_narrow_bars_are_left():
    shown = only(noise(), (0, 20, 90, 40), SURROUNDED, size=90)

    assert (shown[:15] == BAR_COLOR).all()
    assert (shown[75:] == BAR_COLOR).all()
    assert (shown[15:75] == np.asarray(noise())).all()


def test_bars_keep_the_shape_of_the_box():
    shown = only(noise(), (10, 5, 40, 20), BARS)

    assert (shown[:8] == BAR_COLOR).all()
    assert (shown[24:] == BAR_COLOR).all()
    assert (shown[8:24] == resized(noise(), (10, 5, 40, 20), (32, 16))).all()


def test_context_shows_more_around_the_same_centre_as_far_as_the_photo_goes():
    wider = only(noise(), (20, 20, 40, 30), Crop("squashed", 2.0))

    assert (wider == resized(noise(), (10, 15, 50, 35))).all()
    corner = only(noise(), (0, 0, 10, 10), Crop("squashed", 2.0))
    assert (corner == resized(noise(), (0, 0, 15, 15))).all()


def test_a_crop_of_a_large_photo_keeps_its_detail():
    stripes = Image.fromarray(np.tile(np.uint8([0, 255]), (640, 320))).convert("RGB")

    shown = only(stripes, (100, 100, 132, 132), SQUASHED)

    assert np.abs(np.diff(shown[..., 0].astype(int), axis=1)).min() == 255


coordinate = st.floats(-20, 110)


@given(
    st.tuples(coordinate, coordinate, coordinate, coordinate),
    st.sampled_from(["squashed", "surroundings", "bars"]),
    st.floats(1, 3),
)
def test_every_box_gives_a_square_picture(corners, square, context):
    left, right = sorted(corners[::2])
    top, bottom = sorted(corners[1::2])

    shown = only(noise(), (left, top, right, bottom), Crop(square, context), size=16)

    assert shown.shape == (16, 16, 3)


@pytest.mark.parametrize("context", [0.5, float("nan")])
def test_less_than_the_box_is_refused(context):
    with pytest.raises(ValueError, match="context"):
        Crop("squashed", context)
