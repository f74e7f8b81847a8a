"""Bars are as long as their numbers are large."""

import math

from vg_mc.metrics.resampling import Estimate
from vg_mc.reports.pages.split_plots import MOST_GROUPS, bars
from vg_mc.scoring.split_report import GroupScores

SURE = GroupScores("small", Estimate(0.5, 0.25, 0.75, 1234), Estimate(0.9, 0.8, 1.0, 1234))
ALONE = GroupScores("large", Estimate(1, math.nan, math.nan, 1), Estimate(1, math.nan, math.nan, 1))


def test_accuracy_interval_and_ceiling_are_drawn(read_page):
    page = read_page(bars("by size", [SURE]))

    assert page.every("b")[0]["style"] == "width:50.00%"
    assert page.every("i")[0]["style"] == "left:25.00%;width:50.00%"
    assert page.every("u")[0]["style"] == "left:90.00%"
    assert page.words == ["by size", "%", "of", "small", "50.00", "1,234"]
    note = "accuracy 50.00 %, 25.00 to 75.00, of 1,234; ceiling 90.00 %"
    assert [row.get("title") for row in page.every("tr")] == [None, note]
    assert page.open == []


def test_a_group_without_an_interval_has_none(read_page):
    assert not read_page(bars("by size", [ALONE])).every("i")


def test_many_groups_are_cut_and_counted(read_page):
    page = read_page(bars("by category", [SURE] * (MOST_GROUPS + 3)))

    assert len(page.every("u")) == MOST_GROUPS
    assert "and 3 others, in results.json" in page.words


def test_as_many_are_drawn_as_are_wanted(read_page):
    page = read_page(bars("val", [SURE] * (MOST_GROUPS + 3), MOST_GROUPS + 3))

    assert len(page.every("u")) == MOST_GROUPS + 3


def test_foreign_names_open_no_tag(read_page):
    evil = GroupScores("<script>", SURE.accuracy, SURE.ceiling)

    assert "<script>" in read_page(bars("<b>", [evil])).words
