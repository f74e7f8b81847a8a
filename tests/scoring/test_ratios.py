"""Each number of a split is what counting one expression after the other gives."""

import numpy as np
import pytest
import torch
from torchvision.ops import generalized_box_iou

from vg_mc.metrics import summarize
from vg_mc.metrics.similarity import SemanticSimilarity
from vg_mc.scoring.ratios import category_pairs, number_ratios, outcomes_of, similarity_ratios


@pytest.fixture
def predictions(make_predictions):
    return make_predictions(expressions=80, questions_seed=3, logits_seed=4)


def value(ratio) -> float:
    return np.sum(ratio.values) / np.sum(ratio.weights)


@pytest.fixture
def numbers(predictions):
    return {
        name: value(ratio)
        for name, ratio in number_ratios(predictions, outcomes_of(predictions)).items()
    }


def test_the_numbers_of_the_main_table_are_those_of_summarize(predictions, numbers):
    scores = summarize(predictions.ious, predictions.logits)

    for name in ("accuracy", "accuracy_at_least", "accuracy_where_covered", "mean_iou"):
        assert numbers[name] == pytest.approx(getattr(scores, name))
    assert numbers["proposal_recall"] == pytest.approx(scores.proposal_recall)
    assert numbers["chance"] == pytest.approx(scores.chance)


def test_accuracies_at_other_thresholds(predictions, numbers):
    answers = outcomes_of(predictions).ious.tolist()

    for threshold in (0.1, 0.3, 0.7, 0.75, 0.9):
        expected = sum(iou > threshold for iou in answers) / 80
        assert numbers[f"accuracy@{threshold}"] == pytest.approx(expected)
    steps = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    expected = [sum(iou > step for iou in answers) / 80 for step in steps]
    assert numbers["mean_accuracy"] == pytest.approx(np.mean(expected))


def test_the_rule_of_mdetr_is_torchvisions_generalized_iou(predictions, numbers):
    right = 0
    for boxes, target, logits in zip(
        predictions.boxes, predictions.targets, predictions.logits, strict=True
    ):
        if len(boxes):
            pair = torch.from_numpy(boxes[[logits.argmax()]]), torch.from_numpy(target[None])
            right += generalized_box_iou(*pair).item() >= 0.5

    assert numbers["giou_accuracy"] == pytest.approx(right / 80)
    assert numbers["giou_accuracy"] <= numbers["accuracy_at_least"]


def test_recall_is_coco_style_among_the_highest_logits(predictions, numbers):
    """As pycocotools counts it: the first k detections of each, matched above the threshold."""
    for count in (1, 5, 10):
        found = 0
        for ious, logits in zip(predictions.ious, predictions.logits, strict=True):
            first = np.argsort(-logits, kind="mergesort")[:count]
            found += bool((ious[first] > 0.5).any())
        assert numbers[f"recall@{count}"] == pytest.approx(found / 80)
    assert numbers["recall@1"] == pytest.approx(numbers["accuracy"])


def test_no_candidates_are_no_answer(predictions):
    outcomes = outcomes_of(predictions)

    assert (outcomes.chosen[0], outcomes.ious[0], outcomes.best_ious[0]) == (-1, 0, 0)
    assert next(category_pairs(predictions, outcomes)) == ("square", None)


def test_categories_are_those_of_target_and_chosen_box(predictions):
    outcomes = outcomes_of(predictions)

    for row, (target, chosen) in enumerate(category_pairs(predictions, outcomes)):
        assert target == predictions.categories[row]
        if outcomes.chosen[row] >= 0:
            assert chosen == predictions.candidate_categories[row][outcomes.chosen[row]]


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
