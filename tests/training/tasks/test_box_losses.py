"""Losses agree with formulas in NumPy, also for boxes without area and at ties."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.boxes.arithmetic import paired_gious, paired_ious
from vg_mc.training.tasks.box_losses import (
    BoxLossOptions,
    box_losses,
    coordinate_losses,
    ious,
    pointing_losses,
)

BOXES = np.array(
    [
        [0.5, 0.5, 0.2, 0.4],
        [0.3, 0.6, 0.2, 0.2],
        [0.1, 0.1, 0.2, 0.2],
        [0.5, 0.5, 1.0, 1.0],
        [0.5, 0.5, 0.0, 0.0],
    ]
)
PAIRS = np.stack([np.repeat(BOXES, 5, axis=0), np.tile(BOXES, (5, 1))])  # each with each


def corners(boxes):
    return np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], 1)


def per_number(difference, name, delta):
    size = np.abs(difference)
    return {
        "l1": size,
        "mse": size**2,
        "huber": np.where(size < delta, size**2 / 2, delta * (size - delta / 2)),
        "smooth-l1": np.where(size < delta, size**2 / (2 * delta), size - delta / 2),
    }[name]


@pytest.mark.parametrize("name", ["l1", "mse", "huber", "smooth-l1"])
@pytest.mark.parametrize("delta", [0.05, 1.0])
def test_losses_of_coordinates_are_sums_over_four_numbers(name, delta):
    options = BoxLossOptions(box_loss=name, loss_delta=delta)

    losses = coordinate_losses(*map(torch.from_numpy, PAIRS), options)

    expected = per_number(PAIRS[0] - PAIRS[1], name, delta).sum(axis=1)
    assert np.allclose(losses, expected, atol=1e-12)


def test_huber_with_delta_1_is_half_of_mse():
    boxes, targets = map(torch.from_numpy, PAIRS)

    huber = coordinate_losses(boxes, targets, BoxLossOptions(box_loss="huber", loss_delta=1.0))

    mse = coordinate_losses(boxes, targets, BoxLossOptions(box_loss="mse"))
    assert torch.allclose(2 * huber, mse)


@pytest.mark.parametrize(("generalized", "formula"), [(False, paired_ious), (True, paired_gious)])
def test_overlaps_are_those_of_numpy(generalized, formula):
    found = ious(*map(torch.from_numpy, PAIRS), generalized=generalized)

    assert np.allclose(found, formula(corners(PAIRS[0]), corners(PAIRS[1])), atol=1e-9)


coordinates = st.floats(0, 1, width=32)


@given(st.lists(st.tuples(*[coordinates] * 8), min_size=1, max_size=4))
def test_gradients_are_finite_for_any_boxes(numbers):
    table = torch.tensor(numbers, dtype=torch.float32)
    boxes = table[:, :4].clone().requires_grad_()

    losses = box_losses(boxes, table[:, 4:], BoxLossOptions())
    losses.sum().backward()

    assert torch.isfinite(losses).all()
    assert torch.isfinite(boxes.grad).all()


def test_equal_boxes_have_no_loss():
    boxes = torch.from_numpy(BOXES[:4]).requires_grad_()

    losses = box_losses(boxes, boxes.detach(), BoxLossOptions())
    losses.sum().backward()

    assert torch.allclose(losses, torch.zeros(4, dtype=losses.dtype))
    assert torch.isfinite(boxes.grad).all()


def test_a_box_without_area_moves_towards_its_target():
    boxes = torch.tensor([[0.2, 0.5, 0.0, 0.0]], requires_grad=True)
    target = torch.tensor([[0.6, 0.5, 0.2, 0.2]])

    box_losses(boxes, target, BoxLossOptions()).sum().backward()

    assert boxes.grad[0, 0] < 0
    assert (boxes.grad[0, 2:] < 0).all()


def test_parts_of_the_loss_are_weighted():
    boxes, targets = map(torch.from_numpy, PAIRS)
    options = BoxLossOptions(box_loss="mse", box_loss_weight=3, iou_loss="iou", iou_loss_weight=2)

    losses = box_losses(boxes, targets, options)

    expected = 3 * ((PAIRS[0] - PAIRS[1]) ** 2).sum(1)
    expected += 2 * (1 - paired_ious(corners(PAIRS[0]), corners(PAIRS[1])))
    assert np.allclose(losses, expected)


def test_the_overlap_can_be_left_out():
    boxes, targets = map(torch.from_numpy, PAIRS)

    losses = box_losses(boxes, targets, BoxLossOptions(box_loss_weight=1, iou_loss="none"))

    assert np.allclose(losses, np.abs(PAIRS[0] - PAIRS[1]).sum(1))


def test_cells_with_their_center_in_the_target_are_meant():
    cells = torch.randn(3, 4, 8).flatten(1).log_softmax(dim=1).unflatten(1, (4, 8))
    targets = torch.tensor([[0.5, 0.5, 0.5, 0.5], [0.9, 0.1, 0.02, 0.02], [0.5, 0.5, 1.0, 1.0]])

    losses = pointing_losses(cells, targets)

    shares = cells.exp().numpy()
    meant = [shares[0, 1:3, 2:6].sum(), shares[1, 0, 7], 1.0]
    assert np.allclose(losses, -np.log(meant), atol=1e-6)


def test_a_target_in_padding_has_a_finite_loss_without_gradient():
    scores = torch.zeros(1, 4, 4, requires_grad=True)
    padding = torch.zeros(1, 4, 4, dtype=torch.bool)
    padding[:, 0] = True
    masked = scores.masked_fill(padding, -torch.inf)
    cells = masked.flatten(1).log_softmax(dim=1).unflatten(1, (4, 4))

    losses = pointing_losses(cells, torch.tensor([[0.1, 0.05, 0.1, 0.1]]))
    losses.sum().backward()

    assert losses.tolist() == [30.0]
    assert torch.equal(scores.grad, torch.zeros(1, 4, 4))
