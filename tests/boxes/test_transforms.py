"""A photo comes into the picture whole, and its boxes come along."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.boxes.transforms import BAR_COLOR, fit_photo, place

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

    box = place(width, height, 96, fit).to_picture(as_boxes((left, top, right, bottom)))[0]
    rows, columns = np.flatnonzero(white.any(axis=1)), np.flatnonzero(white.any(axis=0))
    found = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    assert found == pytest.approx(box, abs=1)
    assert white[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 0.98


@both_fits
@pytest.mark.parametrize("size", [(640, 480), (480, 640), (64, 64), (30, 20), (500, 3), (1, 1)])
def test_nothing_is_cropped(size, fit):
    width, height = size

    corners = place(width, height, 96, fit).to_picture(as_boxes((0, 0, width, height)))[0]

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

    assert squash.to_picture(as_boxes((0, 0, 640, 480))).tolist() == [[0, 0, 224, 224]]
    assert letterbox.to_picture(as_boxes((0, 0, 640, 480)))[0] == pytest.approx([0, 28, 224, 196])
    assert letterbox.scale[0] == letterbox.scale[1]


def test_the_bars_are_of_clips_mean_color():
    picture = np.asarray(fit_photo(Image.new("RGB", (640, 480), "black"), 224, "letterbox"))

    assert (picture[:28] == BAR_COLOR).all()
    assert (picture[196:] == BAR_COLOR).all()
    assert (picture[28:196] == 0).all()
    mean = np.array([0.48145466, 0.4578275, 0.40821073])  # of OpenAI's preprocessing
    assert np.abs(np.array(BAR_COLOR) / 255 - mean).max() < 1 / 255


def test_no_boxes_are_placed_as_none():
    assert place(640, 480, 224, "squash").to_picture(as_boxes([])).shape == (0, 4)
