"""What members have in common is counted over all expressions."""

import numpy as np
import pytest

from tests.predictions.made import moved_targets, with_ious
from vg_mc.predictions import Outcomes, outcomes
from vg_mc.predictions.ensembles import agreement_of


def answering(*choices: int) -> Outcomes:
    """Choose given candidates of four expressions, of which the first is right if any is."""
    ious = [[], [1, 0, 0], [1, 0, 0], [0, 0, 0]]
    logits = [np.eye(3)[choice] for choice in choices]
    return outcomes(with_ious(ious, [[], *logits]))


def test_members_are_compared_answer_by_answer():
    agreement = agreement_of([answering(0, 1, 2), answering(0, 0, 2), answering(0, 2, 2)])

    assert (agreement.expressions, agreement.with_candidates) == (4, 3)
    assert agreement.any_right == 2 / 4
    assert agreement.all_right == 1 / 4
    assert agreement.same_answer == 2 / 3


def test_a_member_always_agrees_with_itself():
    agreement = agreement_of([answering(1, 0, 2)])

    assert agreement.any_right == agreement.all_right == 1 / 4
    assert agreement.same_answer == 1


def test_shares_of_nothing_are_no_numbers(make_predictions):
    agreement = agreement_of([outcomes(make_predictions(expressions=0))] * 2)

    assert agreement.expressions == 0
    assert np.isnan([agreement.any_right, agreement.all_right, agreement.same_answer]).all()


def test_predicted_boxes_are_no_members(make_predictions):
    with pytest.raises(ValueError, match="candidates"):
        agreement_of([outcomes(moved_targets(make_predictions()))])
