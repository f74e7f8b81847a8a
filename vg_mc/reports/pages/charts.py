"""Charts of a split: accuracy by IoU threshold, by group of expressions, and confusions.

They are SVG and HTML rather than matplotlib images, so that they follow the colours and fonts of
the page and need no slow import.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vg_mc.metrics.resampling import Estimate
from vg_mc.reports.pages.figures import SHARES, Axis, HistogramPlot, LinePlot, Series
from vg_mc.reports.pages.page import interval_text
from vg_mc.reports.tables.columns import percent
from vg_mc.reports.tables.results import MOST_GROUPS
from vg_mc.scoring import SplitReport
from vg_mc.scoring.split_report import GroupScores

COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
# The breakdowns shown first; the others follow in their original order.
FIRST = ("target size", "distractors of the category", "kind of words")

MOST_CATEGORIES = 12  # rows and columns; all further categories share the last ones
OTHERS = "others"

Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Bars:
    """Groups of expressions as horizontal bars.

    Attributes:
        others: Number of groups that are not shown.
    """

    title: str
    groups: Sequence[GroupScores]
    others: int = 0

    @classmethod
    def of(cls, title: str, groups: Sequence[GroupScores], most: int = MOST_GROUPS) -> "Bars":
        """Show up to `most` groups."""
        return cls(title, groups[:most], max(0, len(groups) - most))

    @property
    def with_oracles(self) -> bool:
        """Whether the oracle accuracy of any group is known."""
        return any(group.oracle is not None for group in self.groups)


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """Number of times that each category was chosen for targets of one category."""

    target: str
    counts: Mapping[str, int]
    total: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts by category of the target (rows) and of the chosen box, most frequent first."""

    names: Sequence[str]
    rows: Sequence[ConfusionRow]

    @classmethod
    def of(cls, counts: Counts) -> "Confusion":
        """Keep the most frequent categories and sum the others."""
        targets, chosen = list(counts)[:MOST_CATEGORIES], _most_chosen(counts)
        rows = [_row(target, counts[target], chosen) for target in targets]
        left = [of for target, of in counts.items() if target not in targets]
        if left:
            rows.append(_row(OTHERS, _summed(left), chosen))
        return cls([*chosen, OTHERS, "all"], rows)


def _most_chosen(counts: Counts) -> list[str]:
    """Return the categories of answers in the order of the targets, then by frequency."""
    total = _summed(list(counts.values()))
    kept = sorted(total, key=lambda name: -total[name])[:MOST_CATEGORIES]
    order = {name: place for place, name in enumerate(counts)}
    return sorted(kept, key=lambda name: (order.get(name, len(order)), -total[name]))


def _summed(parts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, count in part.items():
            total[name] = total.get(name, 0) + count
    return total


def _row(target: str, of_chosen: Mapping[str, int], chosen: Sequence[str]) -> ConfusionRow:
    total = sum(of_chosen.values())
    shown = {name: of_chosen.get(name, 0) for name in chosen}
    shown[OTHERS] = total - sum(shown.values())
    return ConfusionRow(target, shown, total)


@dataclass(frozen=True, slots=True)
class SplitCharts:
    """All charts of a split that apply to its answers."""

    lines: Sequence[LinePlot]
    histograms: Sequence[HistogramPlot]
    bars: Sequence[Bars]
    confusion: Confusion | None

    @classmethod
    def of(cls, report: SplitReport) -> "SplitCharts":
        """Chart accuracy by IoU threshold, number of proposals, confidence and group."""
        first = [name for name in FIRST if name in report.breakdowns]
        names = [*first, *(name for name in report.breakdowns if name not in first)]
        return cls(
            [_thresholds(report), *_proposals(report), *_calibration(report)],
            list(_cosines(report)),
            [Bars.of(f"Accuracy by {name}", report.breakdowns[name]) for name in names],
            None if report.confusion is None else Confusion.of(report.confusion),
        )


def _thresholds(report: SplitReport) -> LinePlot:
    curves = {"accuracy": report.accuracy_curve, "oracle accuracy": report.oracle_curve}
    series = [Series(name, each.at, each.estimates) for name, each in curves.items() if each]
    return LinePlot.of("Accuracy by IoU threshold", Axis("IoU above", SHARES), series)


def _proposals(report: SplitReport) -> Iterator[LinePlot]:
    curve = report.proposal_curve
    if curve is None:
        return
    most = curve.at[-1] if curve.at else 1
    ticks = [*(count for count in COUNTS if count <= most * 0.8), most]
    axis = Axis("proposals, most confident first", ticks, logarithmic=True)
    series = [Series("targets with a correct proposal", curve.at, curve.estimates)]
    yield LinePlot.of("Proposal recall by number of proposals", axis, series)


def _cosines(report: SplitReport) -> Iterator[HistogramPlot]:
    for other, histogram in (report.cosines or {}).items():
        if any(histogram.counts):
            label = f"cosine of answer and {other}"
            yield HistogramPlot.of(f"Similarity to the {other}", label, histogram)


def _calibration(report: SplitReport) -> Iterator[LinePlot]:
    if report.reliability is None:
        return
    filled = [each for each in report.reliability if each.answers]
    estimates = [Estimate(each.accuracy, math.nan, math.nan, each.answers) for each in filled]
    error = report.numbers["calibration_error"]
    between = "" if math.isnan(error.low) else f" ({interval_text(error)})"
    chosen = report.proposal_curve is not None
    label = "softmax probability of the answer" if chosen else "confidence of the answer"
    name = f"accuracy; calibration error {percent(error.value)} %{between}"
    series = [Series(name, [each.confidence for each in filled], estimates)]
    yield LinePlot.of("Calibration", Axis(label, SHARES), series, diagonal=True)
