from collections import Counter
from random import Random

import numpy as np
import pytest

from vg_mc.corpora.scenes.drawing import draw_scene
from vg_mc.corpora.scenes.layout import lay_out
from vg_mc.corpora.scenes.objects import FILLED_SHARES, Frame, SceneObject

WIDTH, HEIGHT = 128, 96
FRAME = Frame(WIDTH, HEIGHT)


def keyed(key: int) -> Random:
    return Random(key)  # noqa: S311 - no secrets here


def laid_out(count: int, *, same_kind: bool) -> list[list[SceneObject]]:
    return [lay_out(FRAME, same_kind=same_kind, random=keyed(key)) for key in range(count)]


@pytest.fixture(scope="module")
def scenes():
    return laid_out(150, same_kind=True) + laid_out(150, same_kind=False)


def changed_pixels(some, others) -> np.ndarray:
    one, other = (np.asarray(draw_scene(drawn, FRAME, keyed(5))) for drawn in (some, others))
    return (one != other).any(axis=-1)


def test_every_object_is_mostly_visible():
    overlapping = 0
    for objects in laid_out(20, same_kind=True) + laid_out(20, same_kind=False):
        for hidden in objects:
            others = [other for other in objects if other is not hidden]
            seen = changed_pixels(objects, others).sum()
            alone = FILLED_SHARES[hidden.shape] * hidden.side**2
            assert seen >= 0.6 * alone, (hidden, seen, alone)
            overlapping += seen < 0.95 * changed_pixels([hidden], []).sum()

    assert overlapping > 10


def test_three_to_eight_objects_stand_in_each_scene(scenes):
    counts = {len(objects) for objects in scenes}

    assert (min(counts), max(counts)) == (3, 8)


def test_a_shape_occurs_at_least_thrice_or_none_more_than_twice():
    for objects in laid_out(60, same_kind=True):
        assert max(Counter(one.shape for one in objects).values()) >= 3
    for objects in laid_out(60, same_kind=False):
        shapes = Counter(one.shape for one in objects)
        assert max(shapes.values()) <= 2
        assert len(shapes) >= 3


def test_every_box_lies_in_the_frame_and_some_are_cut_by_each_edge(scenes):
    cut = Counter()
    objects = [one for objects in scenes for one in objects]
    for one in objects:
        left, top, right, bottom = one.box
        assert 0 <= left < right <= WIDTH
        assert 0 <= top < bottom <= HEIGHT
        assert min(right - left, bottom - top) >= 16
        if (right - left, bottom - top) != (one.side, one.side):
            edges = {"left": left == 0, "top": top == 0}
            edges |= {"right": right == WIDTH, "bottom": bottom == HEIGHT}
            assert any(edges.values())
            cut.update(edge for edge, touched in edges.items() if touched)

    assert set(cut) == {"left", "top", "right", "bottom"}
    assert cut.total() > 0.05 * len(objects)


def test_no_small_object_is_cut(scenes):
    small = [one for objects in scenes for one in objects if one.size == "small"]

    assert small
    for one in small:
        assert one.box == (one.left, one.top, one.left + one.side, one.top + one.side)


def test_boxes_end_on_half_pixels_which_is_as_fine_as_the_drawing(scenes):
    corners = np.array([one.box for objects in scenes for one in objects])

    assert (2 * corners == np.round(2 * corners)).all()


def test_some_objects_of_a_scene_share_their_colour(scenes):
    colors = [Counter(one.color for one in objects) for objects in scenes]

    assert max(map(len, colors)) <= 5
    assert sum(max(counts.values()) > 1 for counts in colors) > len(scenes) / 2


def test_a_key_gives_the_same_scene_again():
    assert laid_out(5, same_kind=True) == laid_out(5, same_kind=True)
