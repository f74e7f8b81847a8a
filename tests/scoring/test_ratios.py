"""Each number of a split is what counting one expression after the other gives."""

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.predictions.made import ious_of, moved_targets, scores_of, with_ious
from vg_mc.metrics.similarity import SemanticSimilarity
from vg_mc.predictions import outcomes
from vg_mc.scoring.ratios import (
    OPTIONAL_NUMBERS,
    SplitScores,
    number_ratios,
    similarity_ratios,
)


@pytest.fixture
def predictions(make_predictions):
    return make_predictions(expressions=80, questions_seed=3, logits_seed=4)


def value(ratio) -> float:
    return np.sum(ratio.values) / np.sum(ratio.weights)


@pytest.fixture
def numbers(predictions):
    return {name: value(ratio) for name, ratio in number_ratios(outcomes(predictions)).items()}


# Few distinct values, so that ties and an IoU of exactly 0.5 are common.
CANDIDATE = st.tuples(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.sampled_from([-1.0, 0.0, 2]))
SPLIT = st.lists(st.lists(CANDIDATE, max_size=5), max_size=8)


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
    ious, logits = ([[pair[at] for pair in row] for row in split] for at in (0, 1))

    scores = scores_of(with_ious(ious, logits))

    assert asdict(scores) == pytest.approx(slow_scores(split), nan_ok=True)


def test_an_iou_of_exactly_one_half_is_right_only_by_the_other_rule():
    scores = scores_of(with_ious([[0.5]], [[1.0]]))

    assert (scores.accuracy, scores.accuracy_at_least, scores.proposal_recall) == (0, 1, 0)


def test_an_expression_without_proposals_is_wrong_and_stays_in_the_denominator():
    scores = scores_of(with_ious([[0.75], []], [[1.0], []]))

    assert scores == SplitScores(
        expressions=2,
        covered=1,
        without_proposals=1,
        accuracy=0.5,
        accuracy_at_least=0.5,
        accuracy_where_covered=1.0,
        mean_iou=0.375,
        proposal_recall=0.5,
        chance=0.5,
        mean_candidates=0.5,
    )


def test_an_empty_split_has_counts_but_no_shares():
    scores = scores_of(with_ious([], []))

    assert (scores.expressions, scores.covered, scores.without_proposals) == (0, 0, 0)
    assert math.isnan(scores.accuracy)
    assert math.isnan(scores.chance)


def test_what_needs_candidates_does_not_apply_to_predicted_boxes(predictions):
    boxes = moved_targets(predictions)

    scores, numbers = asdict(scores_of(boxes)), number_ratios(outcomes(boxes))

    assert {name for name, value in scores.items() if value is None} == {
        *("covered", "without_proposals", "accuracy_where_covered"),
        *("proposal_recall", "chance", "mean_candidates"),
    }
    assert not set(OPTIONAL_NUMBERS) & set(numbers)
    everything = {*number_ratios(outcomes(predictions)), "calibration_error"}
    assert everything - set(numbers) == set(OPTIONAL_NUMBERS)
    assert scores["accuracy"] == value(numbers["accuracy"]) > 0


def test_accuracies_at_other_thresholds(predictions, numbers):
    answers = outcomes(predictions).ious.tolist()

    for threshold in (0.1, 0.3, 0.7, 0.75, 0.9):
        expected = sum(iou > threshold for iou in answers) / 80
        assert numbers[f"accuracy@{threshold}"] == pytest.approx(expected)
    steps = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    expected = [sum(iou > step for iou in answers) / 80 for step in steps]
    assert numbers["mean_accuracy"] == pytest.approx(np.mean(expected))


def test_recall_is_coco_style_among_the_highest_logits(predictions, numbers):
    """As pycocotools counts it: the first k detections of each, matched above the threshold."""
    for count in (1, 5, 10):
        found = 0
        for ious, logits in zip(ious_of(predictions), predictions.answers.logits, strict=True):
            first = np.argsort(-logits, kind="mergesort")[:count]
            found += bool((ious[first] > 0.5).any())
        assert numbers[f"recall@{count}"] == pytest.approx(found / 80)
    assert numbers["recall@1"] == pytest.approx(numbers["accuracy"])


def test_similarities_leave_out_what_has_none():
    column = np.array([0.5, np.nan, 1.0])

    ratios = similarity_ratios(SemanticSimilarity(column, column, column, column))

    assert value(ratios["target_cosine"]) == 0.75
    assert set(ratios) == {
        "target_cosine",
        "target_distance",
        "sentence_cosine",
        "sentence_distance",
    }
    assert similarity_ratios(None) == {}
