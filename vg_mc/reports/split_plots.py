"""The plots of one split: how accuracy depends on the rule, the proposals and the question."""

import math
from html import escape

from vg_mc.metrics.resampling import Estimate
from vg_mc.reports.bars import bars
from vg_mc.reports.columns import percent
from vg_mc.reports.confusion_table import confusion_table
from vg_mc.reports.line_plot import Axis, Series, interval, line_plot
from vg_mc.scoring import SplitReport

QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
# What most readers ask for first; the others follow in their own order.
FIRST = ("target size", "rivals of the same category", "kind of words")


def split_plots(report: SplitReport) -> str:
    """Draw everything that depends on something, as figures of a page."""
    first = [name for name in FIRST if name in report.breakdowns]
    names = [*first, *(name for name in report.breakdowns if name not in first)]
    figures = [
        _thresholds(report),
        _proposals(report),
        _calibration(report),
        *(bars(f"Accuracy by {name}", report.breakdowns[name]) for name in names),
        confusion_table(report.confusion),
    ]
    return f'<div class="plots">{"".join(figures)}</div>'


def _thresholds(report: SplitReport) -> str:
    curves = {"accuracy": report.accuracy_curve, "ceiling of proposals": report.ceiling_curve}
    series = [Series(name, curve.at, curve.estimates) for name, curve in curves.items()]
    return line_plot("Accuracy by IoU threshold", Axis("IoU above", QUARTERS), series)


def _proposals(report: SplitReport) -> str:
    curve = report.proposal_curve
    most = curve.at[-1] if curve.at else 1
    ticks = [*(count for count in COUNTS if count <= most * 0.8), most]
    axis = Axis("proposals, most confident first", ticks, logarithmic=True)
    series = [Series("targets with a fitting proposal", curve.at, curve.estimates)]
    return line_plot("Proposal recall by number of proposals", axis, series)


def _calibration(report: SplitReport) -> str:
    filled = [each for each in report.reliability if each.answers]
    estimates = [Estimate(each.accuracy, math.nan, math.nan, each.answers) for each in filled]
    error = report.numbers["calibration_error"]
    between = "" if math.isnan(error.low) else f" ({interval(error)})"
    name = f"accuracy; calibration error {percent(error.value)} %{between}"
    series = [Series(name, [each.confidence for each in filled], estimates)]
    axis = Axis("softmax share of the answer", QUARTERS)
    return line_plot("Calibration", axis, series, diagonal=True)


def chart_legend() -> str:
    """Say how bars are to be read."""
    note = (
        "Bars: accuracy (IoU > 0.5), its 95 % interval as a line, the ceiling that proposals set "
        "as a mark; then percent, and expressions. Everything says its numbers under the pointer."
    )
    return f'<p class="soft">{escape(note)}</p>'
