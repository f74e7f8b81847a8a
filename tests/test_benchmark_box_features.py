"""The benchmark of box predictors trains the same batches in each way."""

import numpy as np
import pytest
import torch

from benchmarks.box_features import (
    CACHED,
    PLAIN,
    WAYS,
    BoxFeaturesConfig,
    Epoch,
    PerExpression,
    largest_difference,
    measure,
    table_of,
)
from tests.training.tiny_boxes import SIDE, box_task, rectangles
from vg_mc.training.batching.batches import MicroBatch


@pytest.mark.parametrize("predictor", ["mlp", "hrnet"])
def test_all_ways_have_the_same_losses(predictor):
    config = BoxFeaturesConfig(input_size=SIDE, images_per_step=3, rounds=1)

    epochs = measure(config, predictor, rectangles())

    assert tuple(epochs) == WAYS
    assert {runs[0].expressions for runs in epochs.values()} == {12}  # of 18, without the first 6
    assert all(len(runs[0].losses) == 3 for runs in epochs.values())


def test_the_plain_way_encodes_an_image_per_expression():
    maker = box_task("mlp").examples()
    part = MicroBatch(epoch=0, expressions=np.array([0, 1, 2]), share=1.0)

    plain, _ = PerExpression(maker)[part]

    shared, _ = maker[part]
    assert (len(shared.inputs.images), len(plain.inputs.images)) == (2, 3)
    assert torch.equal(plain.inputs.images, shared.inputs.images[shared.inputs.image_index])
    assert torch.equal(plain.targets, shared.targets)


def test_ratios_are_those_of_the_rates():
    epochs = {
        way: [Epoch(10, seconds, 1.5, [2.0, loss])]
        for way, seconds, loss in ((PLAIN, 5.0, 1.0), (CACHED, 0.5, 1.01))
    }

    plain, cached = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table_of(epochs).splitlines()[2:4]
    )

    assert plain[1:] == ["2.0", "1.00", "0%", ""]
    assert cached[1:] == ["20.0", "10.00", "0%", "1.5"]
    assert largest_difference(epochs) == pytest.approx(0.01)
