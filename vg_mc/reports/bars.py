"""Groups of expressions as bars: accuracy with its interval, and the ceiling as a mark."""

import math
from collections.abc import Sequence
from html import escape

from vg_mc.reports.columns import percent
from vg_mc.reports.line_plot import spelled
from vg_mc.reports.markdown_tables import MOST_GROUPS
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
