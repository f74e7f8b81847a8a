"""Predicted boxes vote among the candidates of a model that chooses."""

from dataclasses import replace

import numpy as np
import pytest

from tests.predictions.made import changed, moved_targets, with_ious
from tests.refusals import refused
from vg_mc.boxes.arithmetic import paired_ious
from vg_mc.predictions import PredictedBoxes, outcomes
from vg_mc.predictions.ensembles import combine, ensemble_rule, rule_of, with_votes


def predicted(chooser, boxes):
    """Predict these boxes for the expressions of a chooser."""
    return replace(chooser.renamed("boxes"), answers=PredictedBoxes(np.array(boxes, np.float64)))


def test_a_vote_is_the_iou_of_the_candidate_with_the_predicted_box():
    chooser = with_ious([[0.25, 1.0, 0.5], [0.3], []], [[3, 2, 1], [0], []])
    boxes = predicted(chooser, [[0, 0, 0.5, 1], [np.nan] * 4, [0, 0, 1, 1]])

    _, votes = with_votes([chooser, boxes])

    assert [row.tolist() for row in votes.choices.logits] == [[0.5, 0.5, 1.0], [0.0], []]
    assert votes.choices.boxes is chooser.choices.boxes
    assert votes.name == "boxes"


def test_the_candidates_are_those_of_the_first_member_that_chooses(make_predictions):
    chooser = make_predictions(questions_seed=1, logits_seed=2)
    boxes = moved_targets(chooser)

    for members in ([chooser, boxes], [boxes, chooser]):
        votes = with_votes(members)[members.index(boxes)]
        for row, candidates in enumerate(chooser.choices.boxes):
            answer = np.tile(boxes.answers.boxes[row], (len(candidates), 1))
            expected = np.nan_to_num(paired_ious(answer, candidates))
            assert votes.choices.logits[row] == pytest.approx(expected, rel=1e-6)


def test_choices_alone_are_left_as_they_are(make_predictions):
    members = [make_predictions(logits_seed=seed) for seed in (1, 2)]

    assert all(one is other for one, other in zip(with_votes(members), members, strict=True))


def test_boxes_that_are_always_right_decide_a_fitted_ensemble(make_predictions):
    """The chooser guesses, so all weight that counts is on the boxes."""
    fit_on = make_predictions(split="val", questions_seed=3, logits_seed=4)
    chooser = make_predictions(split="testA", questions_seed=5, logits_seed=6)
    ids = chooser.examples.expression_ids + 10_000
    chooser = changed(chooser, expression_ids=ids)
    perfect = [predicted(each, each.examples.targets) for each in (fit_on, chooser)]

    rule = ensemble_rule("fitted", [fit_on, perfect[0]], [chooser])
    ensemble = combine([chooser, perfect[1]], "both", rule)

    alone, together = outcomes(chooser), outcomes(ensemble)
    assert together.right.mean() > alone.right.mean()
    assert together.right.tolist() == together.candidates.covered.tolist()


@pytest.mark.parametrize("weighting", ["equal", "probability"])
def test_rules_that_depend_on_the_scale_of_logits_are_refused(make_predictions, weighting):
    chooser = make_predictions(logits_seed=1)

    with refused(weighting, "'boxes'", "fitted", record="--weighting"):
        combine([chooser, moved_targets(chooser)], "both", rule_of(weighting, []))


def test_boxes_alone_have_no_candidates_to_vote_for(make_predictions):
    boxes = moved_targets(make_predictions())

    with refused("candidates", "chooses"):
        with_votes([boxes, boxes.renamed("others")])


def test_answers_to_other_expressions_are_refused(make_predictions):
    chooser = make_predictions(questions_seed=1)
    other = moved_targets(make_predictions(questions_seed=2))

    with refused("cannot be combined", "'boxes'"):
        with_votes([chooser, other])
