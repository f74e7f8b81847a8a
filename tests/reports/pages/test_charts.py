"""A split has all its charts, and everything on them is where its number says."""

import math

import numpy as np
import pytest

from vg_mc.metrics.resampling import Estimate
from vg_mc.metrics.similarity import SemanticSimilarity
from vg_mc.reports.pages.charts import (
    FIRST,
    MOST_CATEGORIES,
    MOST_GROUPS,
    Bars,
    Confusion,
    SplitCharts,
)
from vg_mc.scoring import score
from vg_mc.scoring.split_report import GroupScores

MACROS = {Bars: "bars", Confusion: "confusion", SplitCharts: "split_charts"}


@pytest.fixture
def draw(read_part):
    """Render a chart by the macro of its kind."""
    return lambda chart: read_part("charts.html.j2", MACROS[type(chart)], chart)


def test_everything_has_its_plot(make_predictions, draw):
    report = score(make_predictions(expressions=60))

    page = draw(SplitCharts.of(report))

    by = [name for name in report.breakdowns if name not in FIRST]
    headings = [text for text in page.words if text.startswith(("Accuracy by", "Proposal recall"))]
    assert headings == [
        "Accuracy by IoU threshold",
        "Proposal recall by number of proposals",
        *(f"Accuracy by {name}" for name in (*FIRST, *by)),
    ]
    assert "Calibration" in page.words
    assert len(page.every("svg")) == 3
    assert page.open == []


def test_curves_have_a_point_per_number(make_predictions, draw):
    report = score(make_predictions(expressions=60))

    page = draw(SplitCharts.of(report))

    filled = [each for each in report.reliability if each.answers]
    thresholds, proposals = len(report.accuracy_curve.at), len(report.proposal_curve.at)
    assert len(page.every("circle")) == 2 * thresholds + proposals + len(filled)
    ticks = [float(word) for word in page.words if word.replace(".", "").isdigit()]
    assert report.proposal_curve.at[-1] in ticks


@pytest.mark.parametrize("expressions", [0, 1, 2])
def test_hardly_any_expressions_are_drawn_too(make_predictions, draw, expressions):
    page = draw(SplitCharts.of(score(make_predictions(expressions=expressions))))

    assert page.open == []
    assert "nan" not in f"{page.tags} {page.words}"


SURE = GroupScores("small", Estimate(0.5, 0.25, 0.75, 1234), Estimate(0.9, 0.8, 1.0, 1234))
ALONE = GroupScores("large", Estimate(1, math.nan, math.nan, 1), Estimate(1, math.nan, math.nan, 1))


def test_accuracy_interval_and_ceiling_are_drawn(draw):
    page = draw(Bars.of("by size", [SURE]))

    assert page.every("b")[0]["style"] == "width:50.00%"
    assert page.every("i")[0]["style"] == "left:25.00%;width:50.00%"
    assert page.every("u")[0]["style"] == "left:90.00%"
    assert page.words == ["by size", "%", "of", "small", "50.00", "1,234"]
    note = "accuracy 50.00 %, 25.00 to 75.00, of 1,234; oracle accuracy 90.00 %"
    assert [row.get("title") for row in page.every("tr")] == [None, note]
    assert page.open == []


def test_a_group_without_an_interval_has_none(draw):
    assert not draw(Bars.of("by size", [ALONE])).every("i")


def test_many_groups_are_cut_and_counted(draw):
    page = draw(Bars.of("by category", [SURE] * (MOST_GROUPS + 3)))

    assert len(page.every("u")) == MOST_GROUPS
    assert "and 3 more in results.json" in page.words


def test_as_many_are_drawn_as_are_wanted(draw):
    page = draw(Bars.of("val", [SURE] * (MOST_GROUPS + 3), MOST_GROUPS + 3))

    assert len(page.every("u")) == MOST_GROUPS + 3


def test_foreign_groups_open_no_tag(draw):
    evil = GroupScores("<script>", SURE.accuracy, SURE.oracle)

    assert "<script>" in draw(Bars.of("<b>", [evil])).words


def test_counts_stand_in_rows_of_the_target(draw):
    page = draw(Confusion.of({"dog": {"dog": 3, "cat": 1}, "cat": {"cat": 2}}))

    names = ["dog", "cat", "others", "all"]
    assert page.words[1:5] == names
    assert page.words[5:] == ["dog", "3", "1", "4", "cat", "2", "2"]
    assert page.open == []


def test_cells_are_shaded_by_their_share_and_say_it(draw):
    page = draw(Confusion.of({"dog": {"dog": 3, "cat": 1}}))

    cells = [one for one in page.every("td") if "title" in one]
    assert [one["style"] for one in cells] == ["--share:0.750", "--share:0.250"]
    assert cells[1]["title"] == "dog answered by cat: 1 of 4"


def test_what_has_no_place_is_among_the_others(draw):
    many = {f"kind {place:02}": {f"kind {place:02}": 1} for place in range(MOST_CATEGORIES + 5)}

    page = draw(Confusion.of(many))

    counts = [int(word) for word in page.words if word.isdigit()]
    assert counts == [1, 1] * MOST_CATEGORIES + [5, 5]


def test_no_answers_are_an_empty_table(draw):
    assert draw(Confusion.of({})).open == []


def test_foreign_categories_open_no_tag(draw):
    evil = '"><script>'

    page = draw(Confusion.of({evil: {evil: 1}}))

    assert page.words.count(evil) == 2
    assert "script" not in {tag for tag, _ in page.tags}


def test_cosines_have_a_histogram_each(make_predictions, draw):
    predictions = make_predictions()
    values = np.linspace(0, 1, len(predictions))
    nothing = np.full(len(predictions), math.nan)
    report = score(predictions, similarity=SemanticSimilarity(values, values, nothing, nothing))

    page = draw(SplitCharts.of(report))

    assert "Similarity to the target" in page.words
    assert "Similarity to the sentence" not in page.words  # no cosine is known
    assert sum(report.cosines["target"].counts) == len(predictions)
