"""What members have in common is counted over all expressions."""

from dataclasses import replace

import numpy as np
import pytest

from vg_mc.predictions.ensembles import agreement_of


@pytest.fixture
def answering(make_predictions):
    """Make members that choose given candidates of four expressions, the first right if it can."""
    asked = make_predictions(expressions=4)
    ious = [np.array(row, float) for row in ([], [1, 0, 0], [1, 0, 0], [0, 0, 0])]

    def make(*choices):
        logits = [np.eye(3, dtype=np.float32)[choice] for choice in choices]
        return replace(asked, ious=ious, logits=[np.empty(0, np.float32), *logits])

    return make


def test_members_are_compared_answer_by_answer(answering):
    agreement = agreement_of([answering(0, 1, 2), answering(0, 0, 2), answering(0, 2, 2)])

    assert (agreement.expressions, agreement.with_candidates) == (4, 3)
    assert agreement.any_right == 2 / 4
    assert agreement.all_right == 1 / 4
    assert agreement.same_answer == 2 / 3


def test_a_member_always_agrees_with_itself(answering):
    agreement = agreement_of([answering(1, 0, 2)])

    assert agreement.any_right == agreement.all_right == 1 / 4
    assert agreement.same_answer == 1


def test_shares_of_nothing_are_no_numbers(make_predictions):
    agreement = agreement_of([make_predictions(expressions=0)] * 2)

    assert agreement.expressions == 0
    assert np.isnan([agreement.any_right, agreement.all_right, agreement.same_answer]).all()
