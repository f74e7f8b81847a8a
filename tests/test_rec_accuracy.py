"""The metric for Hugging Face's library says what our own functions say."""

import numpy as np
import pytest

from vg_mc.boxes import as_boxes, iou_matrix
from vg_mc.metrics import summarize


@pytest.fixture
def metric(tmp_path):
    from vg_mc.rec_accuracy import RecAccuracy

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
    scores = summarize([ious[[row]] for row in range(60)], [np.zeros(1)] * 60)
    assert result == pytest.approx(
        {
            "accuracy": scores.accuracy,
            "accuracy_at_least": scores.accuracy_at_least,
            "mean_iou": scores.mean_iou,
        }
    )
    assert result["accuracy"] == pytest.approx(result["accuracy_at_least"] - 1 / 60)


def test_a_box_of_three_numbers_is_refused(metric):
    with pytest.raises(ValueError, match="expected format"):
        metric.compute(predictions=[[0, 0, 1]], references=[[0, 0, 1, 1]])
