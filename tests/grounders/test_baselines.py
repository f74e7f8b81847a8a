"""Baselines choose by boxes, confidences or a draw with a key, and never look at a picture."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from vg_mc.grounders.baselines import BiggestBox, MostConfident, RandomChoice

BOXES = np.array([[0, 0, 4, 5], [10, 0, 40, 20], [3, 3, 3, 9], [0, 0, 20, 30]], np.float64)
SCORES = np.array([0.25, 0.5, 0.0, 0.9])
DATASET = SimpleNamespace(boxes=lambda ids: BOXES[ids], scores=lambda ids: SCORES[ids])


@pytest.fixture
def expressions(coloured):
    return coloured.expressions("testA")


def asking(expressions, *candidate_ids):
    rows = len(candidate_ids)
    return replace(
        expressions,
        expression_ids=expressions.expression_ids[:rows],
        candidate_ids=[np.array(ids, np.int64) for ids in candidate_ids],
    )


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum()


def test_softmax_gives_shares_of_the_area_and_the_first_of_equals_wins(expressions):
    asked = asking(expressions, [0, 1], [3, 1], [1, 3], [])

    first, equal, turned, empty = BiggestBox().logits(DATASET, asked)

    assert np.allclose(softmax(first), [20 / 620, 600 / 620])
    assert equal[0] == equal[1] == turned[0]
    assert (first.dtype, empty.shape) == (np.float32, (0,))


def test_softmax_gives_shares_of_the_confidence(expressions):
    (logits,) = MostConfident().logits(DATASET, asking(expressions, [0, 1, 3]))

    assert np.allclose(softmax(logits), SCORES[[0, 1, 3]] / SCORES[[0, 1, 3]].sum())


@pytest.mark.parametrize("scorer", [BiggestBox(), MostConfident()])
def test_a_box_without_area_and_a_detection_without_confidence_have_logits_too(scorer, expressions):
    (logits,) = scorer.logits(DATASET, asking(expressions, [2, 0]))

    assert np.isfinite(logits).all()
    assert logits.argmax() == 1


def test_a_draw_depends_on_the_seed_and_the_expression_alone(expressions):
    everything = RandomChoice(0).logits(DATASET, expressions)

    alone = replace(
        expressions,
        expression_ids=expressions.expression_ids[3:4],
        candidate_ids=expressions.candidate_ids[3:4],
    )
    assert np.array_equal(RandomChoice(0).logits(DATASET, alone)[0], everything[3])
    assert not np.array_equal(RandomChoice(1).logits(DATASET, alone)[0], everything[3])
    assert [row.shape for row in everything] == [ids.shape for ids in expressions.candidate_ids]


def test_every_candidate_is_chosen_as_often(expressions):
    asked = replace(
        expressions,
        expression_ids=np.arange(-3000, 3000),
        candidate_ids=[np.arange(4)] * 6000,
    )

    chosen = [int(row.argmax()) for row in RandomChoice(7).logits(DATASET, asked)]

    assert np.abs(np.bincount(chosen) - 1500).max() < 150
