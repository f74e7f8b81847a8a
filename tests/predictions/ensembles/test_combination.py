"""An ensemble is what its rule says of its members' logits, whatever their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from tests.predictions.made import changed, ious_of, moved_targets, proposed_by, with_ious
from tests.refusals import refused
from vg_mc.predictions import Provenance, first_difference
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
    assert all(map(np.array_equal, alone.answers.logits, member.answers.logits))


@given(seeds=MEMBERS)
def test_logits_are_the_plain_mean(made, seeds):
    members = [made(seed) for seed in seeds]

    ensemble = combine(members, "ensemble", EQUAL)

    for row, logits in enumerate(ensemble.answers.logits):
        assert logits.dtype == np.float32
        for place, logit in enumerate(logits):
            plain = sum(float(member.answers.logits[row][place]) for member in members) / len(
                members
            )
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

    assert all(map(np.array_equal, one.answers.logits, other.answers.logits))


def test_weights_multiply_logits(made):
    members = [made(1), made(2)]

    ensemble = combine(members, "both", Rule("fitted", (0.25, 3.0), "as told"))

    for row, logits in enumerate(ensemble.answers.logits):
        one, two = (member.answers.logits[row] for member in members)
        assert np.allclose(logits, 0.25 * one + 3 * two, rtol=1e-5)
    assert ensemble.provenance.weighting == "as told"


def combined(kind, *logits):
    """Combine the logits of members for the candidates of one expression."""
    members = [with_ious([[0.5] * len(row)], [row]) for row in logits]
    return combine(members, "all", rule_of(kind, [])).answers.logits[0]


def test_probabilities_are_averaged():
    logits = ([9.0, 1.0, 1.0], [0.0, 2.0, -1.0])

    averaged = combined("probability", *logits)

    assert np.allclose(np.exp(averaged), np.mean([softmax(row) for row in logits], axis=0))


def test_a_candidate_that_nobody_believes_in_keeps_a_finite_logit():
    averaged = combined("probability", [5000.0, -5000.0], [900.0, 0.0])

    assert np.isfinite(averaged).all()
    assert averaged.argmax() == 0


def test_ranks_are_averaged_and_shared_by_equals():
    averaged = combined("rank", [9.0, 1.0, 1.0, 1.0], [-5.0, 3.0, 2.0, 2.0])

    assert np.allclose(averaged, [-(0 + 3) / 2, -(2 + 0) / 2, -(2 + 1.5) / 2, -(2 + 1.5) / 2])


def test_all_but_the_logits_stays(made):
    member = made(1)

    ensemble = combine([member, made(2)], "both", EQUAL)

    assert (ensemble.split, ensemble.provenance.data_hash) == (
        member.split,
        member.provenance.data_hash,
    )
    assert ensemble.examples.texts == member.examples.texts
    assert all(map(np.array_equal, ious_of(ensemble), ious_of(member)))


def test_what_is_true_of_all_members_is_kept(made):
    yolo = proposed_by("yolo", source="best.pt")
    known = {"proposals": yolo, "corpus": "scenes"}
    one = {"model_hash": "a", "notes": {"flip": "no", "precision": "fp32"}, "data_hash": "384"}
    other = {"model_hash": "b", "notes": {"flip": "no", "precision": "bf16"}, "data_hash": "224"}

    members = [changed(made(1), **known, **one), changed(made(2), **known, **other)]
    ensemble = combine(members, "both", EQUAL)

    assert ensemble.provenance == Provenance(
        name="both",
        split="val",
        data_hash="384 + 224",
        corpus="scenes",
        proposals=yolo,
        members=("model 1", "model 2"),
        weighting="equal",
        notes={"flip": "no"},
    )


def test_predicted_boxes_cannot_be_averaged(made):
    boxes = moved_targets(made(1))

    for members in ([boxes], [boxes, made(2)], [made(2), boxes]):
        with refused("boxes"):
            combine(members, "both", EQUAL)


def test_members_with_other_candidates_are_refused(made):
    good = made(1)
    moved = changed(good, name="moved", boxes=[rows + 1 for rows in good.answers.boxes])

    with refused("1", "0"):
        combine([good, made(2), moved], "both", EQUAL)
