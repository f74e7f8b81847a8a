"""An ensemble is what its rule says of its members' logits, whatever their order."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from vg_mc.errors import BadInputError
from vg_mc.predictions import first_difference
from vg_mc.predictions.ensembles import EQUAL, Rule, combine, rule_of

MEMBERS = st.lists(st.integers(0, 10_000), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def made(make_predictions):
    return lambda seed: make_predictions(name=f"model {seed}", logits_seed=seed)


def test_one_member_is_itself(made):
    member = made(3)

    alone = combine([member], "alone", EQUAL)

    assert alone.name == "alone"
    assert first_difference(member, alone) is None
    assert all(map(np.array_equal, alone.logits, member.logits))


@given(seeds=MEMBERS)
def test_logits_are_the_plain_mean(made, seeds):
    members = [made(seed) for seed in seeds]

    ensemble = combine(members, "ensemble", EQUAL)

    for row, logits in enumerate(ensemble.logits):
        assert logits.dtype == np.float32
        for place, logit in enumerate(logits):
            plain = sum(float(member.logits[row][place]) for member in members) / len(members)
            assert logit == pytest.approx(plain, rel=1e-6, abs=1e-6)


@given(
    seeds=MEMBERS,
    shuffle=st.randoms(use_true_random=False),
    kind=st.sampled_from(["equal", "probability", "rank"]),
)
def test_the_order_of_members_changes_no_bit(made, seeds, shuffle, kind):
    members = [made(seed) for seed in seeds]
    shuffled = list(members)
    shuffle.shuffle(shuffled)

    one, other = (combine(each, "both", rule_of(kind, [])) for each in (members, shuffled))

    assert all(map(np.array_equal, one.logits, other.logits))


def test_weights_multiply_logits(made):
    members = [made(1), made(2)]

    ensemble = combine(members, "both", Rule("fitted", (0.25, 3.0), "as told"))

    for row, logits in enumerate(ensemble.logits):
        one, two = (member.logits[row] for member in members)
        assert np.allclose(logits, 0.25 * one + 3 * two, rtol=1e-5)
    assert ensemble.facts["weighting"] == "as told"


def with_logits(member, logits):
    """Let the second expression of a member have these candidates only."""
    rows = [np.empty(0, np.float32), np.array(logits, np.float32)]
    return replace(member, expression_ids=member.expression_ids[:2], logits=rows)


def combined(make_predictions, kind, *logits):
    asked = make_predictions(expressions=2)
    boxes = [np.empty((0, 4)), np.tile([0.0, 0.0, 9.0, 9.0], (len(logits[0]), 1))]
    ids = [np.arange(len(rows)) for rows in boxes]
    asked = replace(asked, boxes=boxes, candidate_ids=ids)
    members = [with_logits(asked, row) for row in logits]
    return combine(members, "all", rule_of(kind, [])).logits[1]


def test_probabilities_are_averaged(make_predictions):
    logits = ([9.0, 1.0, 1.0], [0.0, 2.0, -1.0])

    averaged = combined(make_predictions, "probability", *logits)

    assert np.allclose(np.exp(averaged), np.mean([softmax(row) for row in logits], axis=0))


def test_a_candidate_that_nobody_believes_in_keeps_a_finite_logit(make_predictions):
    averaged = combined(make_predictions, "probability", [5000.0, -5000.0], [900.0, 0.0])

    assert np.isfinite(averaged).all()
    assert averaged.argmax() == 0


def test_ranks_are_averaged_and_shared_by_equals(make_predictions):
    averaged = combined(make_predictions, "rank", [9.0, 1.0, 1.0, 1.0], [-5.0, 3.0, 2.0, 2.0])

    assert np.allclose(averaged, [-(0 + 3) / 2, -(2 + 0) / 2, -(2 + 1.5) / 2, -(2 + 1.5) / 2])


def test_all_but_the_logits_stays(made):
    member = made(1)

    ensemble = combine([member, made(2)], "both", EQUAL)

    assert (ensemble.split, ensemble.data_hash) == (member.split, member.data_hash)
    assert ensemble.texts == member.texts
    assert all(map(np.array_equal, ensemble.ious, member.ious))


def test_facts_that_members_share_are_kept(made):
    one = replace(made(1), facts={"proposals": "yolo", "weights": "a"}, data_hash="384")
    other = replace(made(2), facts={"proposals": "yolo", "weights": "b"}, data_hash="224")

    ensemble = combine([one, other], "both", EQUAL)

    assert ensemble.facts == {
        "proposals": "yolo",
        "members": "model 1 + model 2",
        "weighting": "equal",
    }
    assert ensemble.data_hash == "384 + 224"


def test_members_with_other_candidates_are_refused(made):
    good = made(1)
    moved = replace(good, name="moved", boxes=[rows + 1 for rows in good.boxes])

    with pytest.raises(BadInputError, match=r"cannot be averaged: row 1, .*candidate 0 is"):
        combine([good, made(2), moved], "both", EQUAL)
