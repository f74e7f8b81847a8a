"""Every rule of the field judges as it says."""

import numpy as np
import pytest

from vg_mc.metrics.answers import MEAN_OVER, THRESHOLDS, localization


def test_the_mean_is_over_ten_thresholds_from_a_half():
    assert MEAN_OVER == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
    assert len(THRESHOLDS) == 19


def test_each_rule_judges_by_itself():
    judged = localization(np.array([0.5, 0.72, 1.0]), np.array([0.5, 0.4, 1.0]))

    assert {name: values.tolist() for name, values in judged.items()} == {
        "accuracy": [0, 1, 1],
        "accuracy_at_least": [1, 1, 1],
        "accuracy@0.1": [1, 1, 1],
        "accuracy@0.3": [1, 1, 1],
        "accuracy@0.7": [0, 1, 1],
        "accuracy@0.75": [0, 0, 1],
        "accuracy@0.9": [0, 0, 1],
        "mean_accuracy": [0, pytest.approx(0.5), 1],
        "giou_accuracy": [1, 0, 1],
        "mean_iou": [0.5, 0.72, 1],
    }


def test_no_boxes_are_judged_too():
    assert {len(values) for values in localization(np.empty(0), np.empty(0)).values()} == {0}
