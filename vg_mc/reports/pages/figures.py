"""Line plots and histograms as SVG, with all places computed.

They follow the colours and fonts of the page, unlike images of matplotlib.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from vg_mc.metrics.resampling import Estimate
from vg_mc.metrics.similarity import Histogram
from vg_mc.reports.pages.page import estimate_text

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # grid lines of a plot
COSINES = (-1.0, -0.5, 0.0, 0.5, 1.0)

Point = tuple[float, float]


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


class Column(NamedTuple):
    """A bar of a histogram; `x` and `y` are its top left corner."""

    x: float
    y: float
    width: float
    height: float
    note: str


@dataclass(frozen=True, slots=True)
class HistogramPlot:
    """A histogram, as high as its largest count.

    Attributes:
        axis: Label of the horizontal axis.
        total: Number of values.
    """

    title: str
    axis: str
    ticks: Sequence[Label]
    columns: Sequence[Column]
    total: int
    frame: Frame = FRAME

    @classmethod
    def of(cls, title: str, label: str, histogram: Histogram) -> "HistogramPlot":
        """Draw the bars of bins that are not empty."""
        axis, most = Axis(label, COSINES), max(histogram.counts)
        edges = pairwise(map(axis.place, histogram.edges))
        columns = [
            Column(
                left,
                FRAME.level(count / most),
                right - left,
                FRAME.bottom - FRAME.level(count / most),
                f"{low:g} to {high:g}: {count:,}",
            )
            for (left, right), (low, high), count in zip(
                edges, pairwise(histogram.edges), histogram.counts, strict=True
            )
            if count
        ]
        ticks = [Label(axis.place(tick), f"{tick:g}") for tick in axis.ticks]
        return cls(title, label, ticks, columns, sum(histogram.counts))
