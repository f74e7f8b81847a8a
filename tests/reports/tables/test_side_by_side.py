"""Tables show every system once, and mark what was not measured here."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.predictions.made import changed, proposed_by
from vg_mc.reports.tables.columns import percent
from vg_mc.reports.tables.published import PublishedRow
from vg_mc.reports.tables.side_by_side import (
    MEASURED,
    PUBLISHED,
    TESTED,
    proposal_letters,
    side_by_side,
)
from vg_mc.scoring.leaderboard import System, leaderboard_of

ROW = PublishedRow(
    "Paper & Co", {"val": "70.1", "testB": "60"}, "detected", "", "a book", "second hand"
)


@pytest.fixture
def leaderboard(make_predictions):
    one, other = ({"proposals": proposed_by(f"detector {seed}")} for seed in (1, 2))
    made = [
        make_predictions(expressions=40, logits_seed=seed, provenance=provenance)
        for seed, provenance in ((1, one), (2, other))
    ]
    test = make_predictions(split="testA", expressions=40, provenance=one)
    return leaderboard_of(
        [System("a", {"val": made[0], "testA": test}), System("b", {"val": made[1]})]
    )


def test_what_was_measured_what_was_tested_and_what_others_say_are_apart(leaderboard):
    shown = side_by_side(leaderboard, [ROW], {"corpus": "refcoco_unc"})

    assert [table.title for table in shown.tables] == [MEASURED, TESTED, PUBLISHED]
    measured, tested, published = shown.tables
    assert measured.headings[:3] == ["system", "val (40)", "testA (40)"]
    assert [row[0] for row in measured.rows] == ["a", "b"]
    value = leaderboard.scores["b", "val"].accuracy
    assert measured.rows[1][1].startswith(f"{percent(value.value)} ({percent(value.low)} to ")
    assert measured.rows[1][2] == "–"
    assert len(tested.rows) == 1
    assert list(published.rows[0][:3]) == ["Paper & Co", "70.1", "–"]
    assert shown.notes["corpus"] == "refcoco_unc"


def test_every_column_for_programs_is_explained(leaderboard):
    explained = (Path(__file__).parents[3] / "docs" / "numbers.md").read_text(encoding="utf-8")

    records = side_by_side(leaderboard, [ROW], {}).records

    names = {name for record in records for name in record}
    assert {name for name in names if f"`{name}`" not in explained} == set()
    assert [record.get("same proposals") for record in records].count("yes") == 1


def test_every_system_of_a_split_has_its_bar(leaderboard):
    bars = side_by_side(leaderboard, [], {}).bars

    assert {split: [bar.name for bar in found] for split, found in bars.items()} == {
        "val": ["a", "b"],
        "testA": ["a"],
    }
    assert bars["val"][1].accuracy == leaderboard.scores["b", "val"].accuracy
    assert bars["val"][1].oracle == leaderboard.scores["b", "val"].oracle


def test_published_lines_of_other_splits_are_left_out(leaderboard):
    shown = side_by_side(leaderboard, [replace(ROW, accuracies={"testB": "60"})], {})

    assert [table.title for table in shown.tables] == [MEASURED, TESTED]


def test_each_kind_of_proposals_has_a_letter_and_a_legend(leaderboard):
    shown = side_by_side(leaderboard, [], {})

    assert proposal_letters(leaderboard) == {"detector 1": "A", "detector 2": "B"}
    assert [row[-2] for row in shown.tables[0].rows] == ["A", "B"]
    assert shown.notes["proposals B"] == "detector 2"


def test_records_hold_the_numbers_themselves(leaderboard):
    records = side_by_side(leaderboard, [ROW], {}).records

    measured = [record for record in records if record["measured here"] == "yes"]
    assert [(record["system"], record["split"]) for record in measured] == [
        *(("a", "val"), ("b", "val"), ("a", "testA")),
    ]
    assert measured[0]["accuracy"] == leaderboard.scores["a", "val"].accuracy.value
    (compared,) = leaderboard.tests
    (record,) = [record for record in measured if "gain" in record]
    assert record["gain"] == compared.comparison.difference.value
    figures = [record for record in records if record["measured here"] == "no"]
    assert [record["accuracy"] for record in figures] == pytest.approx([0.701, 0.6])
    assert figures[0]["source"] == "a book (second hand)"


def test_different_proposals_are_told_in_the_table_and_below_it(make_predictions):
    one = make_predictions(expressions=40, logits_seed=1)
    boxes = [box + 0.5 for box in one.answers.boxes]
    other = changed(one, boxes=boxes, logits=[-row for row in one.answers.logits])

    found = leaderboard_of([System("a", {"val": one}), System("b", {"val": other})])

    shown = side_by_side(found, [], {})
    assert shown.tables[1].rows[0][-1] == "DIFFERENT"
    assert "different proposals" in shown.notes


def test_a_split_without_expressions_has_no_numbers(make_predictions):
    empty = make_predictions(expressions=0)

    found = leaderboard_of([System("a", {"val": empty}), System("b", {"val": empty})])

    shown = side_by_side(found, [], {})
    assert shown.tables[0].rows[0][1] == "–"
    assert shown.tables[1].rows[0][3:6] == ["–"] * 3
    assert np.isnan(found.tests[0].difference_p)
