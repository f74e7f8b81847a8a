"""The plots of one split: how accuracy depends on the rule, the proposals and the question.

Groups of expressions as bars: accuracy with its interval, and the ceiling as a mark.

Which categories are taken for which, as a shaded table.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape

from vg_mc.metrics.resampling import Estimate
from vg_mc.reports.pages.line_plot import Axis, Series, interval, line_plot, spelled
from vg_mc.reports.tables.columns import percent
from vg_mc.reports.tables.results import MOST_GROUPS
from vg_mc.scoring import SplitReport
from vg_mc.scoring.split_report import GroupScores

_HEAD = '<td></td><td></td><th scope="col">%</th><th scope="col">of</th>'


def bars(title: str, groups: Sequence[GroupScores], most: int = MOST_GROUPS) -> str:
    """Draw up to `most` groups of one kind, a line each; `title` is any text."""
    lines = "".join(map(_line, groups[:most]))
    others = len(groups) - most
    rest = f"<p><small>and {others:,} others, in results.json</small></p>" if others > 0 else ""
    return (
        f'<figure class="plot"><h3>{escape(title)}</h3>'
        f'<table class="bars"><thead><tr>{_HEAD}</tr></thead><tbody>{lines}</tbody></table>'
        f"{rest}</figure>"
    )


def _line(group: GroupScores) -> str:
    accuracy, ceiling = group.accuracy, group.ceiling
    note = escape(f"accuracy {spelled(accuracy)}; ceiling {percent(ceiling.value)} %")
    marks = [f'<b style="width:{accuracy.value:.2%}"></b>']
    if not math.isnan(accuracy.low):
        width = accuracy.high - accuracy.low
        marks.append(f'<i style="left:{accuracy.low:.2%};width:{width:.2%}"></i>')
    marks.append(f'<u style="left:{ceiling.value:.2%}"></u>')
    return (
        f'<tr title="{note}"><th scope="row">{escape(group.name)}</th>'
        f'<td><div class="bar">{"".join(marks)}</div></td>'
        f"<td>{percent(accuracy.value)}</td><td>{accuracy.of:,}</td></tr>"
    )


MOST_CATEGORIES = 12  # rows and columns; the others share the last ones
OTHERS = "others"

Counts = Mapping[str, Mapping[str, int]]


def confusion_table(counts: Counts) -> str:
    """Lay out counts by category of the target and of the chosen box, the most frequent first.

    A cell is shaded by its share of its row.
    """
    targets = list(counts)[:MOST_CATEGORIES]
    chosen = _most_chosen(counts)
    rows = [_row(target, counts[target], chosen) for target in targets]
    left = [of for target, of in counts.items() if target not in targets]
    if left:
        rows.append(_row(OTHERS, _summed(left), chosen))
    names = [*chosen, OTHERS, "all"]
    heads = "".join(f'<th scope="col"><span>{escape(name)}</span></th>' for name in names)
    return (
        '<figure class="plot wide"><h3>Category of the target (rows) and of the answer</h3>'
        '<div class="scroll" tabindex="0"><table class="confusion"><thead><tr><td></td>'
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        "</div></figure>"
    )


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


def _row(target: str, of_chosen: Mapping[str, int], chosen: Sequence[str]) -> str:
    total = sum(of_chosen.values())
    shown = {name: of_chosen.get(name, 0) for name in chosen}
    shown[OTHERS] = total - sum(shown.values())
    cells = "".join(_cell(target, name, count, total) for name, count in shown.items())
    return f'<tr><th scope="row">{escape(target)}</th>{cells}<td>{total:,}</td></tr>'


def _cell(target: str, chosen: str, count: int, total: int) -> str:
    if not count:
        return "<td></td>"
    share = count / total
    note = escape(f"{target} answered by {chosen}: {count:,} of {total:,}")
    return f'<td style="--share:{share:.3f}" title="{note}">{count:,}</td>'


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
