"""Charts of a split: accuracy by IoU threshold, by group of expressions, and confusions.

They are SVG and HTML rather than matplotlib images, so that they follow the colours and fonts of
the page and need no slow import.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vg_mc.metrics.resampling import Estimate
from vg_mc.reports.pages.page import estimate_text, interval_text
from vg_mc.reports.tables.columns import percent
from vg_mc.reports.tables.results import MOST_GROUPS
from vg_mc.scoring import SplitReport
from vg_mc.scoring.split_report import GroupScores

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # grid lines of a plot
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
# The breakdowns shown first; the others follow in their original order.
FIRST = ("target size", "distractors of the category", "kind of words")

MOST_CATEGORIES = 12  # rows and columns; all further categories share the last ones
OTHERS = "others"

Point = tuple[float, float]
Counts = Mapping[str, Mapping[str, int]]


class Frame(NamedTuple):
    """Size of a plot, and the edges of the plotted area."""

    width: int = 360
    height: int = 250
    left: int = 40
    right: int = 350
    top: int = 10
    bottom: int = 208

    @property
    def center(self) -> float:
        """Horizontal center of the plotted area."""
        return (self.left + self.right) / 2

    def level(self, share: float) -> float:
        """Return the vertical position of a share between 0 and 1."""
        return self.bottom - share * (self.bottom - self.top)


FRAME = Frame()


@dataclass(frozen=True, slots=True)
class Axis:
    """The horizontal axis of a plot.

    Attributes:
        ticks: Values of the tick marks; the first and the last one are the limits of the axis.
        logarithmic: Whether the axis has a logarithmic scale.
    """

    label: str
    ticks: Sequence[float]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Return the horizontal position of `value`."""
        first, last, here = (
            math.log(number) if self.logarithmic else number
            for number in (self.ticks[0], self.ticks[-1], value)
        )
        share = (here - first) / (last - first) if last > first else 0.5
        return FRAME.left + share * (FRAME.right - FRAME.left)


@dataclass(frozen=True, slots=True)
class Series:
    """Estimates of shares at the positions `at` of an axis; NaN is not drawn."""

    name: str
    at: Sequence[float]
    estimates: Sequence[Estimate]


class Label(NamedTuple):
    """A text at a position of an axis."""

    at: float
    words: str


class Dot(NamedTuple):
    """A point of a line; its radius grows with the number of expressions."""

    x: float
    y: float
    radius: float
    note: str


@dataclass(frozen=True, slots=True)
class Line:
    """A series as SVG: the paths of its line and of the band of its intervals."""

    name: str
    path: str
    band: str
    dots: Sequence[Dot]


@dataclass(frozen=True, slots=True)
class LinePlot:
    """Up to two series of shares, in percent from bottom to top.

    Attributes:
        axis: Label of the horizontal axis.
        diagonal: Whether to draw the diagonal on which both axes are equal.
    """

    title: str
    axis: str
    ticks: Sequence[Label]
    lines: Sequence[Line]
    diagonal: bool
    frame: Frame = FRAME

    @classmethod
    def of(
        cls, title: str, axis: Axis, series: Sequence[Series], *, diagonal: bool = False
    ) -> "LinePlot":
        """Place all series in the plot."""
        ticks = [Label(axis.place(tick), f"{tick:g}") for tick in axis.ticks]
        return cls(title, axis.label, ticks, [_line(axis, one) for one in series], diagonal)

    @property
    def levels(self) -> list[Label]:
        """Grid lines and their percentages."""
        return [Label(self.frame.level(share), f"{share:.0%}") for share in SHARES]

    @property
    def empty(self) -> bool:
        """Whether no series has a point."""
        return not any(line.dots for line in self.lines)


def _line(axis: Axis, series: Series) -> Line:
    pairs = zip(series.at, series.estimates, strict=True)
    known = [(at, estimate) for at, estimate in pairs if not math.isnan(estimate.value)]
    points = [(axis.place(at), FRAME.level(each.value)) for at, each in known]
    bounded = [(axis.place(at), each) for at, each in known if not math.isnan(each.low)]
    low = [(place, FRAME.level(each.low)) for place, each in bounded]
    high = [(place, FRAME.level(each.high)) for place, each in bounded]
    return Line(
        series.name, _path(points), _path([*low, *reversed(high)]), list(_dots(axis, known))
    )


def _dots(axis: Axis, known: Sequence[tuple[float, Estimate]]) -> Iterator[Dot]:
    most = max((estimate.of for _, estimate in known), default=0)
    for at, estimate in known:
        radius = 1 + 2 * math.sqrt(estimate.of / most)
        note = f"{at:.4g}: {estimate_text(estimate)}"
        yield Dot(axis.place(at), FRAME.level(estimate.value), radius, note)


def _path(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else ""


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
    bars: Sequence[Bars]
    confusion: Confusion | None

    @classmethod
    def of(cls, report: SplitReport) -> "SplitCharts":
        """Chart accuracy by IoU threshold, number of proposals, confidence and group."""
        first = [name for name in FIRST if name in report.breakdowns]
        names = [*first, *(name for name in report.breakdowns if name not in first)]
        return cls(
            [_thresholds(report), *_proposals(report), *_calibration(report)],
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
