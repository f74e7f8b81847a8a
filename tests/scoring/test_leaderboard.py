"""Systems are tested against a baseline on the same expressions, whatever boxes they had."""

import numpy as np
import pytest

from tests.predictions.made import changed, ious_of, scores_of
from tests.refusals import refused
from vg_mc.metrics.significance import holm
from vg_mc.scoring import compare
from vg_mc.scoring.leaderboard import System, leaderboard_of


@pytest.fixture
def system(make_predictions):
    def make(name: str, logits_seed: int, splits=("val", "testA"), *, knowledge: float = 0):
        answered = {}
        for split in splits:
            made = make_predictions(
                name="as stored", split=split, expressions=60, logits_seed=logits_seed
            )
            rows = zip(made.answers.logits, ious_of(made), strict=True)
            logits = [(row + knowledge * ious).astype(np.float32) for row, ious in rows]
            answered[split] = changed(made, logits=logits)
        return System(name, answered)

    return make


def test_every_system_has_its_accuracy_and_ceiling(system):
    one, other = system("a", 1), system("b", 2, ("testA",))

    found = leaderboard_of([one, other])

    assert found.splits == ("val", "testA")
    assert list(found.scores) == [("a", "val"), ("a", "testA"), ("b", "testA")]
    for (name, split), standing in found.scores.items():
        answers = (one if name == "a" else other).splits[split]
        scores = scores_of(answers)
        assert standing.accuracy.value == pytest.approx(scores.accuracy)
        assert standing.oracle.value == pytest.approx(scores.proposal_recall)
        assert standing.accuracy.low <= standing.accuracy.value <= standing.accuracy.high


def test_the_best_of_each_split_is_the_baseline_and_p_values_are_corrected(system):
    systems = [system("a", 1), system("b", 2, knowledge=9), system("c", 3)]

    found = leaderboard_of(systems)

    tested = [(each.comparison.split, each.comparison.first) for each in found.tests]
    assert tested == [("val", "a"), ("val", "c"), ("testA", "a"), ("testA", "c")]
    assert {each.comparison.second for each in found.tests} == {"b"}
    plain = [
        compare(each.splits[split], systems[1].splits[split])
        for split in ("val", "testA")
        for each in (systems[0], systems[2])
    ]
    expected = holm([each.mcnemar.p_value for each in plain])
    assert [each.mcnemar_p for each in found.tests] == expected
    expected = holm([each.difference.p_value for each in plain])
    assert [each.difference_p for each in found.tests] == expected


def test_the_first_of_equals_is_the_baseline(system):
    found = leaderboard_of([system("a", 1), system("b", 1)])

    assert {each.comparison.second for each in found.tests} == {"a"}
    assert [each.mcnemar_p for each in found.tests] == [1, 1]


def test_a_baseline_can_be_chosen_and_is_missing_where_it_did_not_answer(system):
    systems = [system("a", 1, ("testA",)), system("b", 2, knowledge=9), system("c", 3)]

    found = leaderboard_of(systems, "a")

    tested = [(each.comparison.split, each.comparison.first) for each in found.tests]
    assert tested == [("testA", "b"), ("testA", "c")]
    with refused("system"):
        leaderboard_of(systems, "d")


def test_other_proposals_are_told_and_other_expressions_refused(system):
    one, other = system("a", 1, ("val",)), system("b", 2, ("val",))
    val = other.splits["val"]
    moved = changed(val, boxes=[boxes + 0.5 for boxes in val.answers.boxes])
    asked = changed(val, texts=[*val.examples.texts[:-1], "something else"])

    (same,) = leaderboard_of([one, other]).tests
    (different,) = leaderboard_of([one, System("b", {"val": moved})]).tests

    assert (same.same_proposals, different.same_proposals) == (True, False)
    with refused("59"):
        leaderboard_of([one, System("b", {"val": asked})])


def test_one_system_alone_has_no_contest(system):
    assert leaderboard_of([system("a", 1)]).tests == ()
