"""Fitted weights are the best there are, and are never fitted on what they are reported on."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp

from tests.predictions.made import changed, ious_of, scores_of
from tests.refusals import refused
from vg_mc.metrics import is_right
from vg_mc.predictions.ensembles import EQUAL, combine, refuse_same_expressions, rule_of
from vg_mc.predictions.ensembles.weights import fitted_weights

RIDGE = 1e-4  # stated here again, so that weights that grow without bound are noticed


@pytest.fixture(scope="module")
def asked(make_predictions):
    """Return questions, where every third target was not proposed."""
    return make_predictions(expressions=200, split="val")


@pytest.fixture(scope="module")
def knowing(asked):
    """Make members whose logits are right candidates, so strong, and noise."""

    def make(strength, seed, scale=1.0, name=None):
        generator = np.random.default_rng(seed)
        logits = [
            ((strength * is_right(row) + generator.normal(size=len(row))) * scale).astype("f4")
            for row in ious_of(asked)
        ]
        return changed(asked, name=name or f"member {seed}", logits=logits)

    return make


def questions(members):
    """Logits of each question (M, K): of the right candidate first, then of all wrong ones."""
    found = []
    for row, ious in enumerate(ious_of(members[0])):
        if is_right(ious).any() and not is_right(ious).all():
            asked = [int(np.argmax(ious)), *np.flatnonzero(~is_right(ious))]
            found.append(np.stack([one.answers.logits[row][asked] for one in members]).astype("f8"))
    return found


def loss(weights, asked):
    """Mean negative log-likelihood, question by question."""
    scores = [weights @ logits for logits in asked]
    return np.mean([logsumexp(one) - one[0] for one in scores])


def units(asked):
    """How far logits of each member are from the right ones: root mean square over candidates."""
    return np.sqrt(np.mean(np.concatenate([q - q[:, :1] for q in asked], axis=1) ** 2, axis=1))


def held_loss(weights, asked):
    """The loss, and what holds weights that would grow for ever where no answer is wrong."""
    return loss(weights, asked) + RIDGE / 2 * np.sum((weights * units(asked)) ** 2)


@settings(max_examples=20)
@given(
    strengths_and_seeds=st.lists(
        st.tuples(st.floats(0, 2), st.integers(0, 999)),
        min_size=1,
        max_size=4,
        unique_by=lambda of: of[1],
    )
)
@example([(1.0, 97), (2.0, 270), (0.0, 1), (2.0, 0)])  # three together are never wrong
def test_no_other_weights_make_the_right_answers_likelier(knowing, strengths_and_seeds):
    members = [knowing(*pair) for pair in strengths_and_seeds]

    found = fitted_weights(members)

    start = np.ones(len(members)) / len(members)
    asked = questions(members)
    best = minimize(held_loss, start, args=(asked,), bounds=[(0, None)] * len(members))
    assert min(found) >= 0
    assert held_loss(np.array(found), asked) <= best.fun + 1e-6


def test_noise_counts_for_little_or_nothing(knowing):
    good, noise = fitted_weights([knowing(2, 1), knowing(0, 2)])

    assert good > 1
    assert noise < good / 10


def test_one_who_is_wrong_on_purpose_counts_for_nothing(knowing):
    assert fitted_weights([knowing(2, 1), knowing(-2, 2)])[1] == 0


def test_equal_members_get_equal_weights(knowing):
    member = knowing(1, 1)

    one, two = fitted_weights([member, member])

    assert one == pytest.approx(two, rel=1e-6)
    assert one + two == pytest.approx(fitted_weights([member])[0], rel=1e-2)


@pytest.mark.parametrize("weighting", ["calibrated", "fitted"])
def test_the_unit_of_a_members_logits_does_not_matter(knowing, weighting):
    ensembles = []
    for scale in (1.0, 50.0):
        members = [knowing(1, 1), knowing(0.5, 2, scale)]
        ensembles.append(combine(members, "both", rule_of(weighting, members)))

    for one, other in zip(*(each.answers.logits for each in ensembles), strict=True):
        assert np.allclose(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("weighting", ["calibrated", "fitted"])
def test_the_order_of_members_changes_no_bit(knowing, weighting):
    members = [knowing(1, 1), knowing(0.5, 2, 9.0), knowing(0.7, 3)]
    turned = [members[2], members[0], members[1]]

    one = combine(members, "one", rule_of(weighting, members))
    other = combine(turned, "other", rule_of(weighting, turned))

    assert all(map(np.array_equal, one.answers.logits, other.answers.logits))


def test_a_calibrated_member_says_how_sure_it_may_be(knowing):
    """A softmax over logits that were doubled is too sure; calibrated it is as before."""
    for scale in (0.1, 1.0, 10.0):
        member = knowing(1, 1, scale)
        (weight,) = rule_of("calibrated", [member]).weights
        assert weight * scale == pytest.approx(1, rel=0.4)  # the noise is normal, not Gumbel's


def test_members_that_are_never_wrong_get_finite_weights(knowing):
    weights = fitted_weights([knowing(99, 1), knowing(99, 2)])

    assert np.isfinite(weights).all()
    assert min(weights) > 0


def test_fitting_mends_what_a_weak_loud_member_spoils(knowing):
    members = [knowing(2, 1, 0.1), knowing(0, 2, 10.0)]

    def accuracy(rule):
        both = combine(members, "both", rule)
        return scores_of(both).accuracy

    assert accuracy(EQUAL) < accuracy(rule_of("fitted", members)) - 0.1


def test_the_rule_is_told(knowing):
    members = [knowing(1, 1), knowing(1, 2)]

    assert rule_of("fitted", members).note.startswith("fitted on val: member 1 ")
    assert "all weight" not in rule_of("fitted", members).note
    assert rule_of("rank", []).note == "rank"


def test_it_is_told_where_one_member_has_all_weight(knowing):
    members = [knowing(-2, 1), knowing(2, 2)]

    rule = rule_of("fitted", members)

    assert rule.weights[0] == 0
    assert rule.note.endswith("; all weight is on member 2, so the ensemble is equivalent to it")
    both = combine(members, "both", rule)
    picks = [
        [int(np.argmax(row)) for row in each.answers.logits if len(row)]
        for each in (both, *members)
    ]
    assert picks[0] == picks[2] != picks[1]
    assert "all weight" not in rule_of("calibrated", [members[1]]).note


@pytest.mark.parametrize("weighting", ["calibrated", "fitted"])
def test_there_must_be_something_to_fit_on(knowing, weighting):
    with refused("members", record="--fit-on"):
        rule_of(weighting, [])
    untold = changed(knowing(1, 1), targets=np.full((200, 4), 999.0))
    with refused(record="split 'val'"):
        rule_of(weighting, [untold])


@pytest.mark.parametrize("weighting", ["equal", "probability", "rank"])
def test_what_needs_no_fit_refuses_one(knowing, weighting):
    with refused(*weighting.split()):
        rule_of(weighting, [knowing(1, 1)])


def test_nothing_is_fitted_on_a_test_split(knowing):
    with refused("testA"):
        rule_of("fitted", [changed(knowing(1, 1), split="testA")])


def test_what_is_fitted_on_must_be_the_same_for_all(knowing):
    other = changed(knowing(1, 2), texts=["another"] * 200)

    with refused("0"):
        rule_of("fitted", [knowing(1, 1), other])


def test_what_was_fitted_on_is_not_reported(knowing):
    val = knowing(1, 1)
    renamed = changed(val, split="testA")
    other = changed(renamed, expression_ids=val.examples.expression_ids + 10_000)

    for reported in (val, renamed):
        with refused("100", record="--fit-on"):
            refuse_same_expressions(val, reported)
    with refused("val", record="--fit-on"):
        refuse_same_expressions(val, changed(other, split="val"))
    refuse_same_expressions(val, other)
    refuse_same_expressions(val, changed(renamed, texts=["another corpus"] * 200))
