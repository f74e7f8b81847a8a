"""A box in the middle of each image is a complete answer, with candidates or without."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from tests.refusals import refused
from vg_mc.commands import evaluate, prepare_data
from vg_mc.grounders.center_box import WHOLE_IMAGE, CenterBox
from vg_mc.grounders.mean_box import MeanBox
from vg_mc.predictions import PredictedBoxes, read_predictions
from vg_mc.records import Photo


class Some(NamedTuple):
    image_ids: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)


@pytest.mark.parametrize(
    ("share", "box"), [(1.0, [0, 0, 100, 60]), (0.5, [25, 15, 75, 45]), (0.2, [40, 24, 60, 36])]
)
def test_the_box_has_its_share_of_either_side_around_the_centre(share, box):
    dataset = SimpleNamespace(photos=lambda: {7: Photo(7, "a.jpg", 100, 60)})
    expressions = SimpleNamespace(image_ids=np.array([7, 7]))

    boxes, confidences = CenterBox(share).predict(dataset, expressions)

    assert np.allclose(boxes, [box, box])
    assert confidences is None


def test_the_whole_image_is_a_box():
    dataset = SimpleNamespace(photos=lambda: {7: Photo(7, "a.jpg", 100, 60)})
    whole = WHOLE_IMAGE.build(WHOLE_IMAGE.options(), None)

    boxes, _ = whole.predict(dataset, SimpleNamespace(image_ids=np.array([7])))

    assert boxes.tolist() == [[0, 0, 100, 60]]
    assert whole.name == "whole-image"


def test_the_mean_box_is_that_of_train_in_fractions_of_the_image():
    photos = {1: Photo(1, "a.jpg", 100, 60), 2: Photo(2, "b.jpg", 10, 20)}
    train = Some(np.array([1, 2]), np.array([[0.0, 0, 50, 30], [5, 10, 10, 20]]))
    dataset = SimpleNamespace(
        photos=lambda: photos, splits=["train"], expressions=lambda _: train, folder="data"
    )

    boxes, confidences = MeanBox().predict(dataset, SimpleNamespace(image_ids=np.array([1, 2, 1])))

    assert np.allclose(boxes, [[25, 15, 75, 45], [2.5, 5, 7.5, 15], [25, 15, 75, 45]])
    assert confidences is None


@pytest.mark.parametrize("splits", [["val"], ["train"]])
def test_the_mean_box_needs_expressions_of_train(splits):
    nothing = Some(np.empty(0, np.int64), np.empty((0, 4)))
    dataset = SimpleNamespace(splits=splits, expressions=lambda _: nothing, folder="data")

    with refused("mean-box", "train", file="data"):
        MeanBox().predict(dataset, nothing)


@pytest.mark.parametrize(
    "proposals",
    [
        "--image-size 24",
        "--whole-images 64 --proposer none --train-proposer none",
    ],
)
def test_predicted_boxes_are_evaluated_with_candidates_and_without(tmp_path, proposals):
    prepared = tmp_path / "prepared"
    flags = f"--corpus scenes --scenes 10 --annotations {tmp_path / 'scenes'} --num-workers 1"
    prepare_data.main([*flags.split(), "--output", str(prepared), *proposals.split()])

    asked = f"--dataset {prepared} --output {tmp_path / 'results'} --grounder center-box"
    evaluate.main([*asked.split(), "--center-box-share", "1"])

    predictions = read_predictions(tmp_path / "results" / "val")
    assert isinstance(predictions.answers, PredictedBoxes)
    sides = predictions.examples.image_sizes
    assert np.array_equal(predictions.answers.boxes[:, 2:], sides)
    assert (tmp_path / "results" / "report.html").is_file()
