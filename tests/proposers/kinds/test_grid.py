"""Windows cover the image at every size, and become candidates of any image."""

import numpy as np
import pytest
from PIL import Image

from tests.flat import flat
from vg_mc.boxes.arithmetic import as_boxes, iou_matrix
from vg_mc.proposers.description import ProposerDescription
from vg_mc.proposers.kinds.grid import windows
from vg_mc.proposers.on_demand import proposed
from vg_mc.proposers.registry import ProposerOptions, named_proposer
from vg_mc.records import Photo

PHOTO, IMAGE = Photo(1, "a.jpg", 80, 40), Image.new("RGB", (80, 40))


def proposals(**options):
    choice = named_proposer("grid", flat(ProposerOptions, **options))
    (found,) = proposed([(PHOTO, IMAGE)], choice)
    return as_boxes([one.box for one in found])


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_each_size_has_windows_at_every_half_step(levels):
    boxes = as_boxes(list(windows(levels)))

    assert len(boxes) == sum((2 ** (level + 1) - 1) ** 2 for level in range(levels))
    assert boxes.min() == 0
    assert boxes.max() == 1
    for level in range(levels):
        own = boxes[np.isclose(boxes[:, 2] - boxes[:, 0], 0.5**level)]
        assert np.isclose(own[:, 3] - own[:, 1], 0.5**level).all()
        assert set(np.unique(np.diff(np.unique(own[:, 0])))) <= {0.5 ** (level + 1)}


def test_windows_have_the_shape_of_the_image():
    boxes = proposals(grid_levels=2)

    assert boxes[0].tolist() == [0, 0, 80, 40]
    assert {tuple(side) for side in (boxes[1:, 2:] - boxes[1:, :2]).tolist()} == {(40, 20)}


def test_overlap_and_number_are_limited_as_those_of_any_proposer():
    apart = proposals(nms=0.25)

    assert (iou_matrix(apart, apart) - np.eye(len(apart))).max() <= 0.25
    assert len(proposals(max_proposals=5)) == 5


def test_no_training_image_decides_on_windows():
    description = ProposerDescription.of(named_proposer("grid", ProposerOptions()))

    assert not description.trained
    assert str(description) == "grid, levels 3, NMS 1.0"
