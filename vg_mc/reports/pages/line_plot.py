"""Lines with intervals as SVG inside a page, drawn in the page's own colours, by light and dark.

A drawing of matplotlib would bring its own colours and fonts, and take longer to import than all
numbers of a split take to compute.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from vg_mc.metrics.resampling import Estimate
from vg_mc.reports.tables.columns import percent

WIDTH, HEIGHT = 360, 250
LEFT, RIGHT, TOP, BOTTOM = 40, 350, 10, 208  # edges of the plotted area
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # where lines cross the plot

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """What stands below a plot.

    Attributes:
        ticks: Numbers that are marked; the first and the last one bound the plot.
        logarithmic: Whether equal ratios are equally wide.
    """

    label: str
    ticks: Sequence[float]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Return where `value` lies, in units of the drawing."""
        first, last, here = (
            math.log(number) if self.logarithmic else number
            for number in (self.ticks[0], self.ticks[-1], value)
        )
        share = (here - first) / (last - first) if last > first else 0.5
        return LEFT + share * (RIGHT - LEFT)


@dataclass(frozen=True, slots=True)
class Series:
    """Shares along an axis, each where `at` says; NaN is not drawn."""

    name: str
    at: Sequence[float]
    estimates: Sequence[Estimate]


def line_plot(title: str, axis: Axis, series: Sequence[Series], *, diagonal: bool = False) -> str:
    """Draw up to two series of shares, in percent from bottom to top.

    Args:
        title: Any text.
        axis: What stands below.
        series: The lines, each with a band of its intervals.
        diagonal: Whether to mark where a share equals the number below it.
    """
    drawn = [*_grid(axis)]
    if diagonal:
        drawn.append(f'<path class="diagonal" d="M{LEFT} {BOTTOM}L{RIGHT} {TOP}"/>')
    for number, one in enumerate(series, start=1):
        drawn.append(f'<g class="series-{number}">{"".join(_line(axis, one))}</g>')
    if not any(one.at for one in series):
        drawn.append(_text("middle", (LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2, "nothing to show"))
    return (
        f'<figure class="plot"><h3>{escape(title)}</h3><p class="legend">{_legend(series)}</p>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(drawn)}</svg></figure>"
    )


def _legend(series: Sequence[Series]) -> str:
    return " ".join(
        f'<span class="series-{number}"><i></i>{escape(one.name)}</span>'
        for number, one in enumerate(series, start=1)
    )


def _grid(axis: Axis) -> Iterator[str]:
    for share in SHARES:
        height = _height(share)
        yield f'<path class="grid" d="M{LEFT} {height:.1f}H{RIGHT}"/>'
        yield _text("end", LEFT - 6, height + 4, f"{share:.0%}")
    for tick in axis.ticks:
        yield _text("middle", axis.place(tick), BOTTOM + 16, f"{tick:g}")
    yield _text("middle", (LEFT + RIGHT) / 2, BOTTOM + 36, axis.label)


def _line(axis: Axis, series: Series) -> Iterator[str]:
    pairs = zip(series.at, series.estimates, strict=True)
    known = [(at, estimate) for at, estimate in pairs if not math.isnan(estimate.value)]
    most = max((estimate.of for _, estimate in known), default=0)
    points = [(axis.place(at), _height(each.value)) for at, each in known]
    sure = [(axis.place(at), each) for at, each in known if not math.isnan(each.low)]
    low = [(place, _height(each.low)) for place, each in sure]
    high = [(place, _height(each.high)) for place, each in sure]
    yield f'<path class="band" d="{_path([*low, *reversed(high)])}"/>'
    yield f'<path class="line" d="{_path(points)}"/>'
    yield from (_dot(axis, at, estimate, most) for at, estimate in known)


def _dot(axis: Axis, at: float, estimate: Estimate, most: int) -> str:
    """Draw a point, the smaller the fewer expressions it is about."""
    radius = 1 + 2 * math.sqrt(estimate.of / most)
    note = escape(f"{at:.4g}: {spelled(estimate)}")
    return (
        f'<circle cx="{axis.place(at):.1f}" cy="{_height(estimate.value):.1f}" '
        f'r="{radius:.1f}"><title>{note}</title></circle>'
    )


def spelled(estimate: Estimate) -> str:
    """Spell a share with its interval and its denominator."""
    between = "" if math.isnan(estimate.low) else f", {interval(estimate)}"
    return f"{percent(estimate.value)} %{between}, of {estimate.of:,}"


def interval(estimate: Estimate) -> str:
    """Spell the interval of a share in percent."""
    return f"{percent(estimate.low)} to {percent(estimate.high)}"


def _height(share: float) -> float:
    return BOTTOM - share * (BOTTOM - TOP)


def _path(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else ""


def _text(anchor: str, x: float, y: float, words: str) -> str:
    return f'<text text-anchor="{anchor}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'
