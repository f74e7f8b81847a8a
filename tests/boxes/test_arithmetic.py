"""Boxes overlap as torchvision says, and every converter is exact."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.ops import box_iou, generalized_box_iou

from vg_mc.boxes.arithmetic import (
    areas,
    as_boxes,
    clipped,
    intersections,
    iou_matrix,
    paired_gious,
    paired_ious,
    xywh_to_xyxy,
)

coordinates = st.floats(-50, 700, width=32)
corners = st.tuples(coordinates, coordinates, coordinates, coordinates)
upright = corners.map(
    lambda box: (min(box[::2]), min(box[1::2]), max(box[::2]) + 1, max(box[1::2]) + 1)
)
some_boxes = st.lists(upright, max_size=6).map(as_boxes)


@given(some_boxes, some_boxes)
def test_overlaps_agree_with_torchvision(boxes, others):
    expected = box_iou(torch.from_numpy(boxes), torch.from_numpy(others)).numpy()

    assert iou_matrix(boxes, others) == pytest.approx(expected, abs=1e-12)


@given(some_boxes)
def test_every_box_is_itself(boxes):
    assert np.diag(iou_matrix(boxes, boxes)) == pytest.approx(np.ones(len(boxes)))


@pytest.mark.parametrize(
    ("box", "other", "iou"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 4), 0.5),  # the tie that the two rules of the field disagree on
        ((0, 0, 2, 2), (2, 0, 4, 2), 0),  # neighbours share an edge, and no area
        ((0, 0, 2, 2), (1, 1, 3, 3), 1 / 7),
        ((1, 1, 1, 1), (1, 1, 1, 1), 0),  # nothing over nothing
        ((2, 2, 0, 0), (0, 0, 2, 2), 0),  # turned inside out
    ],
)
def test_known_overlaps(box, other, iou):
    assert iou_matrix(as_boxes(box), as_boxes(other)).item() == iou


@given(st.lists(st.tuples(upright, upright), max_size=6))
def test_pairs_agree_with_torchvision(pairs):
    boxes, others = (as_boxes([pair[side] for pair in pairs]) for side in (0, 1))
    both = torch.from_numpy(boxes), torch.from_numpy(others)

    assert paired_ious(boxes, others) == pytest.approx(box_iou(*both).diagonal().numpy())
    expected = generalized_box_iou(*both).diagonal().numpy()
    assert paired_gious(boxes, others) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("box", "other", "giou"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1),
        ((0, 0, 1, 1), (3, 0, 4, 1), -0.5),  # half of the box around both is bare
        ((0, 0, 2, 2), (1, 1, 3, 3), 1 / 7 - 2 / 9),
        ((1, 1, 1, 1), (1, 1, 1, 1), 0),  # nothing over nothing
    ],
)
def test_known_generalized_overlaps(box, other, giou):
    assert paired_gious(as_boxes(box), as_boxes(other)).item() == pytest.approx(giou)


def refer_iou(box, other) -> float:
    """Overlap two xywh boxes by the rule of the REFER toolkit, which counts whole pixels in."""
    left, top = max(box[0], other[0]), max(box[1], other[1])
    right = min(box[0] + box[2] - 1, other[0] + other[2] - 1)
    bottom = min(box[1] + box[3] - 1, other[1] + other[3] - 1)
    shared = (right - left + 1) * (bottom - top + 1) if left < right and top < bottom else 0
    return shared / (box[2] * box[3] + other[2] * other[3] - shared)


def test_refers_rule_differs_only_where_boxes_overlap_by_a_pixel_or_less():
    generator = np.random.default_rng(0)
    corner, size = (
        generator.uniform(0, 300, (2, 20_000, 2)),
        generator.uniform(1, 250, (2, 20_000, 2)),
    )
    corner[:, ::2], size[:, ::2] = corner[:, ::2].round(), size[:, ::2].round()  # whole pixels too
    first, second = np.concatenate([corner, size], axis=2)

    ious = paired_ious(xywh_to_xyxy(first), xywh_to_xyxy(second))
    refer = np.array(
        [refer_iou(*pair) for pair in zip(first.tolist(), second.tolist(), strict=True)]
    )

    overlap = np.minimum(*(corner + size)) - np.maximum(*corner)  # width and height
    thin = (overlap <= 1).any(axis=1)
    assert ious[~thin] == pytest.approx(refer[~thin], abs=1e-12)
    assert (refer[thin] == 0).all()
    assert ((ious > 0) & thin).any()
    # It decides no answer: only a sliver of a box could be right by so little.
    assert ((ious > 0.5) == (refer > 0.5))[(size > 4).all(axis=(0, 2))].all()


def test_no_boxes_have_a_shape_too():
    none, one = as_boxes([]), as_boxes([(0, 0, 1, 1)])

    assert none.shape == (0, 4)
    assert iou_matrix(none, one).shape == (0, 1)
    assert intersections(one, none).shape == (1, 0)
    assert areas(none).shape == (0,)


def test_width_and_height_become_corners():
    assert xywh_to_xyxy(as_boxes([(10, 20, 0.5, 4)])).tolist() == [[10, 20, 10.5, 24]]


@given(some_boxes)
def test_a_clipped_box_is_what_lies_on_the_photo(boxes):
    photo = as_boxes((0, 0, 640, 480))

    inside = clipped(boxes, 640, 480)

    assert areas(inside) == pytest.approx(intersections(boxes, photo)[:, 0])
    assert clipped(inside, 640, 480).tolist() == inside.tolist()


def test_clipping_leaves_its_input_alone():
    boxes = as_boxes((-5, 2, 700, 9))

    assert clipped(boxes, 640, 480).tolist() == [[0, 2, 640, 9]]
    assert boxes.tolist() == [[-5, 2, 700, 9]]
