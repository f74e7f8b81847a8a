"""Answers of every kind are judged by the same rules."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from torchvision.ops import box_iou, generalized_box_iou

from tests.predictions.made import changed, moved_targets, with_ious
from vg_mc.predictions import PredictedBoxes, outcomes


@pytest.fixture(scope="module")
def predictions(make_predictions):
    return make_predictions(expressions=80, questions_seed=3, logits_seed=4)


def paired(function, boxes, targets) -> np.ndarray:
    pairs = zip(torch.from_numpy(boxes), torch.from_numpy(targets), strict=True)
    return np.array([function(box[None], target[None]).item() for box, target in pairs])


@pytest.fixture(scope="module", params=["choices", "boxes"])
def judged(request, predictions):
    answered = predictions if request.param == "choices" else moved_targets(predictions)
    return outcomes(answered)


def test_ious_are_those_of_torchvision(judged, predictions):
    answered = np.isfinite(judged.boxes).all(axis=1)
    boxes, targets = judged.boxes[answered], predictions.examples.targets[answered]

    assert judged.ious[answered] == pytest.approx(paired(box_iou, boxes, targets))
    assert judged.gious[answered] == pytest.approx(paired(generalized_box_iou, boxes, targets))
    assert judged.right.tolist() == (judged.ious > 0.5).tolist()


def test_what_was_not_answered_is_wrong_and_has_no_confidence(judged):
    absent = np.isnan(judged.boxes).all(axis=1)

    assert absent.any()
    assert (judged.ious[absent] == 0).all()
    assert (judged.gious[absent] == -1).all()
    assert not judged.right[absent].any()
    assert (np.isnan(judged.confidences) == absent).all()


def test_the_answer_is_the_candidate_of_the_highest_logit(predictions):
    choices, judged = predictions.answers, outcomes(predictions)

    for row, logits in enumerate(choices.logits):
        if not len(logits):
            assert (judged.candidates.chosen[row], judged.candidates.categories[row]) == (-1, None)
            continue
        best = logits.argmax()
        assert judged.candidates.chosen[row] == best
        assert judged.candidates.categories[row] == choices.categories[row][best]
        assert judged.boxes[row].tolist() == choices.boxes[row][best].tolist()
        assert judged.ious[row] == judged.candidates.ious[row][best]
        assert judged.candidates.best_ious[row] == judged.candidates.ious[row].max()


def test_ranks_are_those_of_the_first_right_candidate():
    judged = outcomes(with_ious([[0, 0.75, 1], [0.25], []], [[3, 1, 2], [5], []]))

    assert judged.ranks.tolist() == [2, np.inf, np.inf]
    assert judged.candidates.proposal_ranks.tolist() == [2, np.inf, np.inf]
    assert judged.candidates.covered.tolist() == [True, False, False]
    assert judged.candidates.chance.tolist() == [2 / 3, 0, 0]
    assert judged.candidates.counts.tolist() == [3, 1, 0]


def test_predicted_boxes_have_no_candidates_and_need_no_confidences(predictions):
    boxes = moved_targets(predictions).answers.boxes
    answered = replace(predictions, answers=PredictedBoxes(boxes))

    judged = outcomes(answered)

    assert (judged.candidates, judged.confidences, judged.ranks) == (None, None, None)


def test_choices_that_say_the_same_as_boxes_have_the_same_outcomes(predictions):
    chosen, choices = outcomes(predictions), predictions.answers
    ranked = [
        boxes[np.argsort(-logits, kind="stable")]
        for boxes, logits in zip(choices.boxes, choices.logits, strict=True)
    ]
    answers = PredictedBoxes(chosen.boxes, chosen.confidences, ranked)

    judged = outcomes(replace(predictions, answers=answers))

    for name in (field.name for field in fields(judged) if field.name != "candidates"):
        one, other = getattr(judged, name), getattr(chosen, name)
        assert np.array_equal(one, other, equal_nan=one.dtype != bool), name


def test_a_nan_logit_is_refused(predictions):
    logits = [row * np.nan for row in predictions.answers.logits]

    with pytest.raises(ValueError, match="NaN"):
        outcomes(changed(predictions, logits=logits))
