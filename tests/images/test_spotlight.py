"""A spotlight leaves its box as it is, and takes more light the farther a pixel lies from it."""

import numpy as np
import pytest
from PIL import Image

from vg_mc.images import Regions
from vg_mc.images.spotlight import Spotlight

SIDE, BOX = 40, (10, 20, 20, 30)


def shown(view: Spotlight) -> np.ndarray:
    white = Image.new("RGB", (SIDE, SIDE), (200, 200, 200))
    (picture,) = view.draw(Regions(white, [BOX], white, [BOX]))
    return np.asarray(picture)[..., 0]


def test_the_box_stays_and_all_else_is_darker():
    light = shown(Spotlight(darkness=0.5, reach=0.25))

    inside = np.zeros((SIDE, SIDE), bool)
    inside[20:30, 10:20] = True
    assert (light[inside] == 200).all()
    assert (light[~inside] < 200).all()


def test_darkness_grows_evenly_up_to_its_reach():
    light = shown(Spotlight(darkness=0.5, reach=0.25))

    to_the_right = light[25, 20:]
    assert to_the_right[:10].tolist() == [200 - 10 * step for step in range(1, 11)]
    assert (to_the_right[9:] == 100).all()


def test_distance_is_measured_along_the_shortest_way():
    light = shown(Spotlight(darkness=1, reach=1))

    assert light[20 - 3, 20 - 1 + 4] == round(200 * (1 - 5 / 40))


@pytest.mark.parametrize("wrong", [(0, 0.5), (1.5, 0.5), (0.5, 0), (float("nan"), 0.5)])
def test_a_spotlight_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="must be above 0"):
        Spotlight(*wrong)
