"""Which candidate is chosen, and what the numbers of a split say."""

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.metrics import (
    SplitScores,
    covered,
    is_right,
    is_right_at_least,
    predicted_index,
    predicted_ious,
    summarize,
)

# Few distinct values, so that ties and an IoU of exactly 0.5 are common.
CANDIDATE = st.tuples(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.sampled_from([-1.0, 0.0, 2]))
SPLIT = st.lists(st.lists(CANDIDATE, max_size=5), max_size=8)


def arrays(rows: list[list[float]]) -> list[np.ndarray]:
    return [np.array(row, dtype=np.float64) for row in rows]


def slow_scores(split: list[list[tuple[float, float]]]) -> dict[str, float]:
    """Count in plain Python, one expression after the other."""
    right = at_least = fitting = right_and_fitting = without = candidates = 0
    iou_sum = luck = 0.0
    for row in split:
        answer = 0.0
        if row:
            best = min(range(len(row)), key=lambda index: (-row[index][1], index))
            answer = row[best][0]
            luck += sum(1 for iou, _ in row if iou > 0.5) / len(row)
        fits = any(iou > 0.5 for iou, _ in row)
        right += answer > 0.5
        at_least += answer >= 0.5
        fitting += fits
        right_and_fitting += fits and answer > 0.5
        without += not row
        candidates += len(row)
        iou_sum += answer

    def share(count: float, of: int) -> float:
        return count / of if of else math.nan

    return {
        "expressions": len(split),
        "covered": fitting,
        "without_proposals": without,
        "accuracy": share(right, len(split)),
        "accuracy_at_least": share(at_least, len(split)),
        "accuracy_where_covered": share(right_and_fitting, fitting),
        "mean_iou": share(iou_sum, len(split)),
        "proposal_recall": share(fitting, len(split)),
        "chance": share(luck, len(split)),
        "mean_candidates": share(candidates, len(split)),
    }


@given(split=SPLIT)
def test_scores_agree_with_counting_one_by_one(split):
    ious = arrays([[iou for iou, _ in row] for row in split])
    logits = arrays([[logit for _, logit in row] for row in split])

    assert asdict(summarize(ious, logits)) == pytest.approx(slow_scores(split), nan_ok=True)


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


def test_ious_and_logits_must_belong_together():
    with pytest.raises(ValueError, match="2 IoUs do not belong to 1 logits"):
        predicted_ious(arrays([[0.1, 0.9]]), arrays([[1.0]]))
    with pytest.raises(ValueError, match="shorter"):
        predicted_ious(arrays([[0.1], [0.9]]), arrays([[1.0]]))


def test_an_iou_of_exactly_one_half_is_right_only_by_the_other_rule():
    ious = np.array([0.5, np.nextafter(0.5, 1)])

    assert is_right(ious).tolist() == [False, True]
    assert is_right_at_least(ious).tolist() == [True, True]
    scores = summarize(arrays([[0.5]]), arrays([[1.0]]))
    assert (scores.accuracy, scores.accuracy_at_least, scores.proposal_recall) == (0, 1, 0)


def test_an_expression_without_proposals_is_wrong_and_stays_in_the_denominator():
    scores = summarize(arrays([[0.9], []]), arrays([[1.0], []]))

    assert scores == SplitScores(
        expressions=2,
        covered=1,
        without_proposals=1,
        accuracy=0.5,
        accuracy_at_least=0.5,
        accuracy_where_covered=1.0,
        mean_iou=0.45,
        proposal_recall=0.5,
        chance=0.5,
        mean_candidates=0.5,
    )


def test_an_empty_split_has_counts_but_no_shares():
    scores = summarize([], [])

    assert (scores.expressions, scores.covered, scores.without_proposals) == (0, 0, 0)
    assert math.isnan(scores.accuracy)
    assert math.isnan(scores.chance)


def test_coverage_does_not_depend_on_the_choice():
    assert covered(arrays([[0.6, 0.1], [0.5], []])).tolist() == [True, False, False]
