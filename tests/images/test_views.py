"""All views of a region come together, each as it would alone."""

from math import ceil, floor

import numpy as np
import pytest
from PIL import Image

from vg_mc.boxes.transforms import fit_photo, place
from vg_mc.images import VIEWS, Crop, Regions, draw_views
from vg_mc.images.markers import CLIP_REFCOCO

BOXES = np.array([[10, 5, 40, 25], [50, 30, 80, 58.5]])


@pytest.fixture
def photo() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("fit", ["squash", "letterbox"])
def test_each_view_is_what_it_is_alone(photo, fit):
    together = list(draw_views(photo, BOXES, list(VIEWS.values()), 32, fit))

    assert len(together) == len(BOXES)
    for place_, view in enumerate(VIEWS.values()):
        alone = list(draw_views(photo, BOXES, [view], 32, fit))
        for (one,), row in zip(alone, together, strict=True):
            assert one.size == (32, 32)
            assert one.tobytes() == row[place_].tobytes()


@pytest.mark.parametrize("fit", ["squash", "letterbox"])
def test_a_marker_is_drawn_on_the_resized_photo(photo, fit):
    placed = place(90, 60, 32, fit).forward(BOXES).tolist()
    expected = CLIP_REFCOCO.draw(Regions(photo, [], fit_photo(photo, 32, fit), placed))

    shown = draw_views(photo, BOXES, [VIEWS["clip-refcoco"]], 32, fit)

    assert [one.tobytes() for (one,) in shown] == [one.tobytes() for one in expected]


@pytest.mark.parametrize(
    "name", [name for name, view in VIEWS.items() if not isinstance(view, Crop)]
)
def test_a_view_of_the_whole_photo_changes_one_side_of_its_box_only(photo, name):
    picture = np.asarray(fit_photo(photo, 64, "squash"))

    ((shown,),) = draw_views(photo, BOXES[:1], [VIEWS[name]], 64, "squash")

    changed = (np.asarray(shown) != picture).any(axis=2)
    left, top, right, bottom = place(90, 60, 64, "squash").forward(BOXES[:1])[0]
    inside, near = np.zeros_like(changed), np.zeros_like(changed)
    inside[floor(top) : ceil(bottom), floor(left) : ceil(right)] = True
    near[floor(top) - 1 : ceil(bottom) + 1, floor(left) - 1 : ceil(right) + 1] = True
    marks = not (changed & ~near).any()
    sets_apart = not (changed & inside).any() and changed[~inside].mean() > 0.9
    assert changed.any()
    assert marks != sets_apart


def test_no_boxes_have_no_views(photo):
    assert list(draw_views(photo, BOXES[:0], list(VIEWS.values()), 32, "squash")) == []
