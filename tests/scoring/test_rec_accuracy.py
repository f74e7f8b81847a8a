"""The metric for Hugging Face's library says what our own functions say."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.ops import generalized_box_iou

from tests.predictions.made import scores_of, with_ious
from vg_mc.boxes.arithmetic import as_boxes, iou_matrix
from vg_mc.predictions import PredictedBoxes, Predictions, Provenance


@pytest.fixture
def metric(tmp_path):
    from vg_mc.scoring.rec_accuracy import RecAccuracy  # here, since its library takes seconds

    return RecAccuracy(cache_dir=str(tmp_path))


def random_boxes(number: int, seed: int) -> np.ndarray:
    corners = np.random.default_rng(seed).uniform(0, 10, size=(number, 2, 2))
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


def test_it_agrees_with_the_scores_of_a_split(metric):
    targets = random_boxes(60, seed=0)
    predicted = targets + np.random.default_rng(1).normal(0, 0.6, size=targets.shape)
    predicted[0], targets[0] = (0, 0, 2, 1), (0, 0, 1, 1)  # an IoU of exactly 0.5

    for start in (0, 30):
        rows = slice(start, start + 30)
        metric.add_batch(predictions=predicted[rows], references=targets[rows])
    result = metric.compute()

    ious = np.diagonal(iou_matrix(as_boxes(predicted), as_boxes(targets)))
    examples = replace(with_ious([[]] * 60, [[]] * 60).examples, targets=as_boxes(targets))
    answers = PredictedBoxes(as_boxes(predicted))
    scores = scores_of(Predictions(examples, answers, Provenance("", "", "")))
    for name in ("accuracy", "accuracy_at_least", "mean_iou"):
        assert result[name] == pytest.approx(getattr(scores, name))
    for threshold in (0.1, 0.3, 0.7, 0.75, 0.9):
        assert result[f"accuracy@{threshold}"] == pytest.approx((ious > threshold).mean())
    gious = generalized_box_iou(torch.from_numpy(predicted), torch.from_numpy(targets)).diagonal()
    assert result["giou_accuracy"] == pytest.approx((gious >= 0.5).float().mean().item())
    assert result["accuracy@0.9"] <= result["mean_accuracy"] <= result["accuracy"]
    assert result["accuracy"] == pytest.approx(result["accuracy_at_least"] - 1 / 60)


def test_the_library_loads_it_by_its_path(tmp_path, monkeypatch):
    import evaluate

    script = Path(__file__).parents[2] / "vg_mc" / "scoring" / "rec_accuracy.py"
    monkeypatch.setattr(evaluate.config, "HF_MODULES_CACHE", str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path])  # the library adds that folder

    loaded = evaluate.load(str(script), cache_dir=str(tmp_path))

    targets = [[0, 0, 1, 1], [5, 5, 6, 6]]
    assert loaded.compute(predictions=[[0, 0, 1, 1]] * 2, references=targets)["accuracy"] == 0.5


def test_a_box_of_three_numbers_is_refused(metric):
    with pytest.raises(ValueError, match="expected format"):
        metric.compute(predictions=[[0, 0, 1]], references=[[0, 0, 1, 1]])


@pytest.mark.parametrize("box", [[10, 20, 5, 30], [0, 0, 1, float("nan")]])
def test_a_target_that_is_no_box_is_refused(metric, box):
    with pytest.raises(ValueError, match="reference 1: expected left, top, right, bottom, found"):
        metric.compute(predictions=[[0, 0, 1, 1]] * 2, references=[[0, 0, 1, 1], box])


def test_an_answer_that_is_no_box_is_wrong(metric):
    broken = [[1, 1, 0, 0], [0, 0, 1, float("nan")]]

    result = metric.compute(predictions=broken, references=[[0, 0, 1, 1]] * 2)

    assert (result["accuracy@0.1"], result["giou_accuracy"], result["mean_iou"]) == (0, 0, 0)


def test_a_share_of_nothing_is_refused(metric):
    with pytest.raises(ValueError, match="expected one or more boxes"):
        metric.compute(predictions=[], references=[])
