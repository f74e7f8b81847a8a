"""What is said of an ensemble is what its predictions and those of its members show."""

import json

import numpy as np
import pytest

from tests.predictions.made import changed, scores_of
from vg_mc.predictions.ensembles import EQUAL, combine
from vg_mc.reports.tables.formats import terminal
from vg_mc.reports.tables.members import (
    MembersRow,
    json_text,
    members_table,
    write_members,
)


@pytest.fixture
def members(make_predictions):
    return [
        make_predictions(name=f"<b>{seed}|", expressions=60, logits_seed=seed) for seed in (1, 2, 3)
    ]


def test_the_ensemble_is_compared_with_its_best_member(members):
    accuracies = [scores_of(each).accuracy for each in members]
    ensemble = combine(members, "all", EQUAL)

    row = MembersRow.of(members, ensemble)

    assert row.comparison.second == members[int(np.argmax(accuracies))].name
    gain = scores_of(ensemble).accuracy - max(accuracies)
    assert row.comparison.difference.value == pytest.approx(gain)
    assert row.agreement.any_right >= max(accuracies)


def test_names_are_plain_text_in_every_format(members, tmp_path):
    row = MembersRow.of(members, combine(members, "all", EQUAL))

    write_members([row], tmp_path)

    best = row.comparison.second
    page = (tmp_path / "members.md").read_text()
    assert f"\\<b>{best[3]}\\|" in page
    assert "any member right %" in page
    document = json.loads((tmp_path / "members.json").read_text())
    assert document["splits"][0]["comparison"]["second"] == best
    assert best in terminal(members_table([row]))


def test_a_page_has_the_table_too(members, read_part):
    row = MembersRow.of(members, combine(members, "all", EQUAL))

    page = read_part("parts.html.j2", "table", members_table([row]))

    assert {"val", "60", row.comparison.second, "any member right %"} <= set(page.words)
    assert page.open == []


def test_shares_of_nothing_are_null_in_json_and_a_dash_in_tables(make_predictions):
    empty = make_predictions(expressions=0)
    other = changed(empty, name="other")

    row = MembersRow.of([empty, other], combine([empty, other], "both", EQUAL))

    assert json.loads(json_text([row]))["splits"][0]["agreement"]["any_right"] is None
    assert "–" in terminal(members_table([row]))
