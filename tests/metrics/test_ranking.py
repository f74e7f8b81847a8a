"""Ranks and confidences are those of a loop over candidates."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from vg_mc.metrics.ranking import (
    NEVER,
    answer_confidences,
    first_right_ranks,
    padded,
    probabilities,
)

CANDIDATE = st.tuples(st.booleans(), st.sampled_from([-math.inf, -1.0, 0.0, 2.5]))
SPLIT = st.lists(st.lists(CANDIDATE, max_size=6), max_size=6)


def columns(split: list[list[tuple[bool, float]]]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    right = [np.array([flag for flag, _ in row], dtype=bool) for row in split]
    return right, [np.array([key for _, key in row], dtype=np.float64) for row in split]


def slow_rank(row: list[tuple[bool, float]]) -> float:
    ranked = sorted(row, key=lambda candidate: -candidate[1])  # Python's sort keeps equals in order
    return next((place for place, (flag, _) in enumerate(ranked, start=1) if flag), math.inf)


@given(split=SPLIT)
def test_ranks_are_those_of_sorting_row_by_row(split):
    assert first_right_ranks(*columns(split)).tolist() == [slow_rank(row) for row in split]


@given(split=SPLIT, count=st.integers(1, 7))
def test_recall_is_the_share_of_rows_whose_first_candidates_hold_a_right_one(split, count):
    ranks = first_right_ranks(*columns(split))

    for row, rank in zip(split, ranks, strict=True):
        first = sorted(row, key=lambda candidate: -candidate[1])[:count]
        assert (rank <= count) == any(flag for flag, _ in first)


def test_nothing_right_has_no_rank():
    ranks = first_right_ranks(
        [np.array([False, False]), np.empty(0, bool)], [np.zeros(2), np.empty(0)]
    )

    assert ranks.tolist() == [NEVER, NEVER]


def test_flags_and_keys_must_belong_together():
    with pytest.raises(ValueError, match="differ in number"):
        first_right_ranks([np.array([True])], [np.zeros(2)])
    with pytest.raises(ValueError, match="expression 1 is ranked by NaN"):
        first_right_ranks([np.array([True])] * 2, [np.zeros(1), np.array([np.nan])])


def test_rows_of_all_lengths_are_padded_at_their_end():
    table = padded([np.array([1.0]), np.empty(0), np.array([2.0, 3.0])], fill=9)

    assert table.tolist() == [[1, 9], [9, 9], [2, 3]]
    assert padded([], fill=0).shape == (0, 0)


@given(st.lists(st.lists(st.floats(-80, 80), max_size=5), max_size=5))
def test_confidence_is_the_highest_softmax(rows):
    confidences = answer_confidences([np.array(row) for row in rows])

    for row, confidence in zip(rows, confidences, strict=True):
        if row:
            shares = [math.exp(logit) / sum(map(math.exp, row)) for logit in row]
            assert confidence == pytest.approx(max(shares))
        else:
            assert math.isnan(confidence)


def test_probabilities_are_a_softmax_of_cooled_logits():
    logits = np.array([1.0, 900.0, 899.0], np.float32)

    assert np.allclose(probabilities(logits, 2.0), softmax(logits.astype(float) / 2))
    assert probabilities(np.empty(0, np.float32)).shape == (0,)
