"""A box in the middle of each image is a complete answer, with candidates or without."""

from types import SimpleNamespace

import numpy as np
import pytest

from vg_mc.commands import evaluate, prepare_data
from vg_mc.grounders.center_box import CenterBox
from vg_mc.predictions import PredictedBoxes, read_predictions
from vg_mc.records import Photo


@pytest.mark.parametrize(
    ("share", "box"), [(1.0, [0, 0, 100, 60]), (0.5, [25, 15, 75, 45]), (0.2, [40, 24, 60, 36])]
)
def test_the_box_has_its_share_of_either_side_around_the_centre(share, box):
    dataset = SimpleNamespace(photos=lambda: {7: Photo(7, "a.jpg", 100, 60)})
    expressions = SimpleNamespace(image_ids=np.array([7, 7]))

    boxes, confidences = CenterBox(share).predict(dataset, expressions)

    assert np.allclose(boxes, [box, box])
    assert confidences is None


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
