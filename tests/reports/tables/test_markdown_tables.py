"""What stands behind the tables is folded away, and long lists are cut."""

import re

import pytest

from tests.predictions.made import changed
from vg_mc.reports.tables.results import MOST_GROUPS, markdown_text
from vg_mc.scoring import score


@pytest.fixture
def predictions(make_predictions):
    return make_predictions(name="rn_<50>", expressions=40)


def test_groups_are_folded_away_below_the_protocol(predictions):
    lines = markdown_text([score(predictions)], {"data": "0123"}).splitlines()

    folded = lines.index("<details><summary>rn_&lt;50&gt; on val: groups of expressions</summary>")
    assert lines.index("- data: 0123") < folded
    assert lines[-1] == "</details>"
    headings = [cell.strip() for cell in lines[folded + 2].strip("|").split("|")]
    assert headings == ["by", "group", *"acc@0.5 %|from %|to %|oracle %|expressions".split("|")]
    assert sum(line.startswith("| person or object ") for line in lines) == 1
    assert all(line.count("|") == 8 for line in lines[folded + 2 :] if line.startswith("|"))


def test_rare_categories_are_counted_and_left_to_the_document(predictions):
    many = changed(predictions, categories=[f"c{row}" for row in range(40)])

    text = markdown_text([score(many)], {})

    assert re.search(rf"\| category +\| and {40 - MOST_GROUPS} more in results.json +\|", text)


def test_confusions_and_proposals_are_named(predictions):
    named = [["dog"] * len(row) for row in predictions.answers.categories]
    cats = changed(predictions, categories=["cat"] * 40, candidate_categories=named)

    text = markdown_text([score(cats)], {})

    assert "for answer): cat for dog (39), cat for nothing (1)" in text
    assert "Proposal recall % by number of proposals: 1: " in text


def test_an_empty_split_has_nothing_behind_it(make_predictions):
    text = markdown_text([score(make_predictions(expressions=0))], {})

    assert "by number of proposals: none" in text
    assert "for answer): none" in text
