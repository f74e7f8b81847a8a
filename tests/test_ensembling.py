"""An ensemble is the plain mean of its members' logits, whatever their order."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.ensembling import average
from vg_mc.faults import BadInputError
from vg_mc.predictions import first_difference

MEMBERS = st.lists(st.integers(0, 10_000), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def made(make_predictions):
    return lambda seed: make_predictions(name=f"model {seed}", logits_seed=seed)


def test_one_member_is_itself(made):
    member = made(3)

    alone = average([member], "alone")

    assert alone.name == "alone"
    assert first_difference(member, alone) is None
    assert all(map(np.array_equal, alone.logits, member.logits))


@given(seeds=MEMBERS)
def test_logits_are_the_plain_mean(made, seeds):
    members = [made(seed) for seed in seeds]

    ensemble = average(members, "ensemble")

    for row, logits in enumerate(ensemble.logits):
        assert logits.dtype == np.float32
        for place, logit in enumerate(logits):
            plain = sum(float(member.logits[row][place]) for member in members) / len(members)
            assert logit == pytest.approx(plain, rel=1e-6, abs=1e-6)


@given(seeds=MEMBERS, shuffle=st.randoms(use_true_random=False))
def test_the_order_of_members_changes_no_bit(made, seeds, shuffle):
    members = [made(seed) for seed in seeds]
    shuffled = list(members)
    shuffle.shuffle(shuffled)

    one, other = average(members, "one"), average(shuffled, "other")

    assert all(map(np.array_equal, one.logits, other.logits))


def test_all_but_the_logits_stays(made):
    member = made(1)

    ensemble = average([member, made(2)], "both")

    assert (ensemble.split, ensemble.data_hash) == (member.split, member.data_hash)
    assert ensemble.texts == member.texts
    assert all(map(np.array_equal, ensemble.ious, member.ious))


def test_facts_that_members_share_are_kept(made):
    one = replace(made(1), facts={"proposals": "yolo", "weights": "a"}, data_hash="384")
    other = replace(made(2), facts={"proposals": "yolo", "weights": "b"}, data_hash="224")

    ensemble = average([one, other], "both")

    assert ensemble.facts == {"proposals": "yolo", "members": "model 1 + model 2"}
    assert ensemble.data_hash == "384 + 224"


def test_members_with_other_candidates_are_refused(made):
    good = made(1)
    moved = replace(good, name="moved", boxes=[rows + 1 for rows in good.boxes])

    with pytest.raises(BadInputError, match=r"cannot be averaged: row 1, .*candidate 0 is"):
        average([good, made(2), moved], "both")
