"""A split has all its plots, also when hardly anything is known about it."""

import numpy as np
import pytest

from vg_mc.reports.pages.split_plots import FIRST, chart_legend, split_plots
from vg_mc.scoring import score


def test_everything_has_its_plot(make_predictions, read_page):
    report = score(make_predictions(expressions=60))

    page = read_page(split_plots(report))

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


def test_curves_have_a_point_per_number(make_predictions, read_page):
    report = score(make_predictions(expressions=60))

    page = read_page(split_plots(report))

    filled = [each for each in report.reliability if each.answers]
    thresholds, proposals = len(report.accuracy_curve.at), len(report.proposal_curve.at)
    assert len(page.every("circle")) == 2 * thresholds + proposals + len(filled)
    ticks = [float(word) for word in page.words if word.replace(".", "").isdigit()]
    assert report.proposal_curve.at[-1] in ticks


@pytest.mark.parametrize("expressions", [0, 1, 2])
def test_hardly_any_expressions_are_drawn_too(make_predictions, read_page, expressions):
    text = split_plots(score(make_predictions(expressions=expressions)))

    assert read_page(text).open == []
    assert str(np.nan) not in text


def test_the_legend_is_text(read_page):
    assert read_page(chart_legend()).open == []
