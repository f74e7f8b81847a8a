from itertools import combinations, pairwise
from math import pi

import numpy as np
import pytest

from vg_mc.corpora.scenes.objects import COLORS, CORNERS, FILLED_SHARES, SIZES, Frame, SceneObject

FRAME = Frame(100, 75)


def placed(left: float, top: float, side: float = 20, shape: str = "square") -> SceneObject:
    return SceneObject(shape, "small", "red", COLORS["red"], left, top, side, FRAME)


@pytest.mark.parametrize(
    ("left", "top", "box"),
    [
        (30.5, 40, (30.5, 40, 50.5, 60)),
        (-5, 40, (0, 40, 15, 60)),
        (30, -4.5, (30, 0, 50, 15.5)),
        (90, 40, (90, 40, 100, 60)),
        (30, 60, (30, 60, 50, 75)),
        (-5, 60, (0, 60, 15, 75)),
    ],
)
def test_a_box_is_the_square_cut_to_the_frame(left, top, box):
    assert placed(left, top).box == box


def test_place_and_length_are_those_of_the_part_that_one_sees():
    cut = placed(-5, 60)

    assert cut.center == (7.5, 67.5)
    assert cut.length == 15
    assert placed(-5, 40).length == 20  # the side that is not cut


def test_the_area_counts_what_the_edge_hides():
    assert placed(-5, 60).area == placed(40, 40).area == 400
    assert placed(40, 40, shape="triangle").area == 200


@pytest.mark.parametrize("shape", [shape for shape, corners in CORNERS.items() if corners])
def test_a_shape_touches_all_four_sides_of_its_square(shape):
    corners = np.array(CORNERS[shape])

    assert corners.min(axis=0) == pytest.approx([0, 0])
    assert corners.max(axis=0) == pytest.approx([1, 1])


def test_the_filled_shares_are_those_of_school_geometry():
    arm = 0.36
    # A star between circles of radius 1 and 0.46 is ten triangles; its box is 2 sin 72° wide and
    # 1 + cos 36° high.
    triangles = 10 * 0.46 * np.sin(pi / 5) / 2
    star = triangles / (2 * np.sin(2 * pi / 5) * (1 + np.cos(pi / 5)))

    assert pytest.approx(
        {
            "circle": pi / 4, "square": 1, "triangle": 0.5, "star": star,
            "cross": 2 * arm - arm**2,
        }
    ) == FILLED_SHARES  # fmt: skip


def test_no_shade_of_a_colour_is_a_shade_of_another():
    varied_by = 12 + 6  # lighter or darker, and each channel of its own

    for one, other in combinations(COLORS.values(), 2):
        assert max(abs(np.subtract(one, other))) > 2 * varied_by


def test_a_size_is_larger_than_the_one_before_by_a_quarter():
    for (_, largest), (smallest, _) in pairwise(SIZES.values()):
        assert smallest >= 1.25 * largest
