from random import Random

import numpy as np
import pytest

from vg_mc.corpora.scenes.drawing import draw_scene, visible_shares
from vg_mc.corpora.scenes.layout import lay_out
from vg_mc.corpora.scenes.objects import COLORS, SHAPES, Frame, SceneObject

FRAME = Frame(128, 96)
MOST_GRAIN = 9

each_shape = pytest.mark.parametrize("shape", SHAPES)


def keyed(key: int) -> Random:
    return Random(key)  # noqa: S311 - no secrets here


def placed(left: float, top: float, side: float, shape="square", color="red") -> SceneObject:
    return SceneObject(shape, "medium", color, COLORS[color], left, top, side, FRAME)


def pixels(objects: list[SceneObject], key: int = 5) -> np.ndarray:
    return np.asarray(draw_scene(objects, FRAME, keyed(key))).astype(int)


def painted(drawn: SceneObject) -> np.ndarray:
    """Where the picture differs from the same one without the object."""
    return (pixels([drawn]) != pixels([])).any(axis=-1)


def test_a_box_encloses_exactly_what_is_drawn_of_a_whole_object():
    whole = 0
    for number in range(20):
        for drawn in lay_out(FRAME, same_kind=number % 2 == 0, random=keyed(number)):
            left, top, right, bottom = drawn.box
            if right - left == bottom - top == drawn.side:
                rows, columns = np.nonzero(painted(drawn))
                enclosing = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
                assert np.abs(np.subtract(enclosing, drawn.box)).max() <= 1, drawn
                whole += 1

    assert whole > 50


@each_shape
@pytest.mark.parametrize(
    ("left", "top"), [(40, 30), (40.5, 30.5), (-10, 30), (104, 30), (40, -10), (40, 72)]
)
def test_no_pixel_outside_its_box_is_an_objects(shape, left, top):
    drawn = placed(left, top, 34, shape)

    rows, columns = np.nonzero(painted(drawn))

    x0, y0, x1, y1 = drawn.box
    assert columns.min() >= np.floor(x0)
    assert rows.min() >= np.floor(y0)
    assert columns.max() + 1 <= np.ceil(x1)
    assert rows.max() + 1 <= np.ceil(y1)


@each_shape
@pytest.mark.parametrize("color", COLORS)
def test_an_object_has_its_colour_but_for_the_grain(shape, color):
    picture = pixels([placed(40, 30, 30, shape, color)])

    assert np.abs(picture[43:48, 53:58] - COLORS[color]).max() <= MOST_GRAIN


def test_the_last_object_is_in_front_and_its_outline_parts_it_from_one_of_its_colour():
    row = pixels([placed(20, 20, 40), placed(50, 20, 40)])[40, :, 0]

    red = COLORS["red"][0]
    assert np.abs(row[25:50] - red).max() <= MOST_GRAIN
    assert row[50] < 0.7 * red  # the left side of the one in front
    assert np.abs(row[51:85] - red).max() <= MOST_GRAIN


def test_a_key_gives_the_same_bytes_again_and_another_key_another_picture():
    objects = [placed(20, 20, 40)]
    first, again, other = (draw_scene(objects, FRAME, keyed(key)).tobytes() for key in (1, 1, 2))

    assert first == again
    assert first != other


@each_shape
def test_a_whole_object_in_front_is_visible_as_a_whole(shape):
    (share,) = visible_shares([placed(20.5, 20, 40, shape)], FRAME)

    assert share == pytest.approx(1, abs=0.05)


def test_what_is_outside_the_frame_or_behind_another_object_is_not_visible():
    behind, front, cut = placed(20, 10, 40), placed(30, 10, 40), placed(118, 60, 40)

    assert visible_shares([behind, front, cut], FRAME) == pytest.approx([0.25, 1, 0.225])


def test_an_object_behind_all_the_others_has_no_visible_share():
    assert visible_shares([placed(20, 10, 20), placed(10, 5, 40)], FRAME) == [0, 1]
