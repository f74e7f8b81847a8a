import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.boxes.made import padding_mask
from vg_mc.boxes.transforms import Letterbox
from vg_mc.models.box_predictors.layers import (
    cell_centers,
    cxcywh_to_xyxy,
    padded_cells,
    perceptron,
    resampled,
    start_at_box,
    xyxy_to_cxcywh,
)


def test_conversions_of_boxes_are_inverse():
    corners = torch.tensor([[0.1, 0.2, 0.5, 0.9], [0.3, 0.3, 0.3, 0.3]])

    boxes = xyxy_to_cxcywh(corners)

    assert torch.allclose(boxes[0], torch.tensor([0.3, 0.55, 0.4, 0.7]))
    assert torch.allclose(cxcywh_to_xyxy(boxes), corners)


@given(st.integers(1, 900), st.integers(1, 900), st.sampled_from([4, 7, 8, 14]))
def test_a_cell_is_padding_if_more_than_half_of_its_pixels_are(width, height, cells):
    side = 8 * cells
    geometry = Letterbox(side).geometry((width, height))
    content = torch.tensor([geometry.content]) / side

    found = padded_cells(content, (cells, cells)).reshape(cells, cells).numpy()

    pixels = padding_mask(geometry).reshape(cells, 8, cells, 8)
    assert np.array_equal(found, pixels.mean(axis=(1, 3)) > 0.5)


def test_finer_maps_are_averaged_and_coarser_ones_repeated():
    maps = torch.arange(16.0).reshape(1, 1, 4, 4)

    assert resampled(maps, (2, 2)).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert torch.equal(resampled(maps, (8, 8))[..., ::2, ::2], maps)
    assert resampled(maps, (4, 4)) is maps


def test_cells_have_their_centers_in_row_major_order():
    centers = cell_centers((2, 4), torch.device("cpu"))

    assert centers[:4].tolist() == [[0.125, 0.25], [0.375, 0.25], [0.625, 0.25], [0.875, 0.25]]
    assert centers[4].tolist() == [0.125, 0.75]


def test_a_perceptron_has_no_activation_at_its_end():
    layers = perceptron(3, 5, 2)

    assert [type(layer) for layer in layers] == [nn.Linear, nn.ReLU, nn.Linear]


@pytest.mark.parametrize("box", [(0.5, 0.4, 0.3, 0.2), (0.5, 0.5, 1.0, 1.0)])
def test_training_starts_at_a_given_box(box):
    last = nn.Linear(3, 4)

    start_at_box(last, box)

    assert torch.allclose(torch.sigmoid(last(torch.randn(2, 3))), torch.tensor(box), atol=2e-3)
