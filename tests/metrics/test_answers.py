"""Which candidate is chosen, and when it is right."""

import numpy as np
import pytest

from vg_mc.metrics import covered, is_right, is_right_at_least, predicted_index


def arrays(rows: list[list[float]]) -> list[np.ndarray]:
    return [np.array(row, dtype=np.float64) for row in rows]


def test_the_highest_logit_is_the_answer():
    assert predicted_index(np.array([0.1, 3.0, -2.0])) == 1


def test_the_first_of_equal_logits_is_the_answer():
    assert predicted_index(np.array([1.0, 5.0, 5.0])) == 1


def test_no_candidate_has_the_index_minus_one():
    assert predicted_index(np.array([])) == -1


def test_minus_infinity_may_stand_among_logits():
    assert predicted_index(np.array([-np.inf, -4.0])) == 1


def test_nan_among_logits_is_refused():
    with pytest.raises(ValueError, match="logit 1 is NaN"):
        predicted_index(np.array([0.0, np.nan, 1.0]))


def test_an_iou_of_exactly_one_half_is_right_only_by_the_other_rule():
    ious = np.array([0.5, np.nextafter(0.5, 1)])

    assert is_right(ious).tolist() == [False, True]
    assert is_right_at_least(ious).tolist() == [True, True]


def test_coverage_does_not_depend_on_the_choice():
    assert covered(arrays([[0.6, 0.1], [0.5], []])).tolist() == [True, False, False]
