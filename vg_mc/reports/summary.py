"""The numbers of a page: accuracy in large type, then every number with its interval."""

import math
from collections.abc import Iterator, Sequence
from html import escape

from vg_mc.reports.columns import COLUMNS, INTERVAL_COLUMNS, Column, other_columns, percent
from vg_mc.reports.line_plot import interval
from vg_mc.reports.page import table
from vg_mc.scoring import SplitReport


def headline(reports: Sequence[SplitReport]) -> str:
    """Show accuracy, ceiling and chance of each split."""
    return f'<div class="headline">{"".join(map(_section, reports))}</div>'


def _section(report: SplitReport) -> str:
    accuracy, ceiling = report.numbers["accuracy"], report.numbers["proposal_recall"]
    if not accuracy.of:
        return f"<section><h3>{escape(report.part)}</h3><strong>–</strong></section>"
    right = round(accuracy.value * accuracy.of)
    photos = f"{report.images:,} photo{'s' if report.images != 1 else ''}"
    between = "no interval" if math.isnan(accuracy.low) else f"{interval(accuracy)} %"
    return (
        f"<section><h3>{escape(report.part)}, IoU &gt; 0.5</h3>"
        f"<strong>{percent(accuracy.value)}&nbsp;%</strong>"
        f'<div class="bar"><b style="width:{accuracy.value:.2%}"></b>'
        f'<u style="left:{ceiling.value:.2%}"></u></div>'
        f"<small>{between}; {right:,} of {accuracy.of:,} expressions, {photos}. "
        f"Ceiling of the proposals {percent(ceiling.value)}&nbsp;%, chance "
        f"{percent(report.scores.chance)}&nbsp;%.</small></section>"
    )


def numbers_tables(reports: Sequence[SplitReport]) -> str:
    """Lay out the main table, and the other rules below it."""
    main = [column for column in COLUMNS if column not in INTERVAL_COLUMNS]
    photos = Column("photos", "", lambda report: str(report.images))
    return _table(reports, [*main, photos]) + (
        f"<details><summary>Other rules, and how good the ranking is</summary>"
        f"{_table(reports, other_columns(reports))}</details>"
    )


def _table(reports: Sequence[SplitReport], columns: Sequence[Column]) -> str:
    """Name the models only where there are several: a page has its model for a title."""
    several = len({each.name for each in reports}) > 1
    headings = [*(["model"] if several else []), "split", *(each.heading for each in columns)]
    rows = (
        ((each.name, each.part) if several else (each.part,), list(_cells(each, columns)))
        for each in reports
    )
    return table(headings, rows)


def _cells(report: SplitReport, columns: Sequence[Column]) -> Iterator[str]:
    for column in columns:
        cell, estimate = escape(column.cell(report)), report.numbers.get(column.name)
        if estimate is None or math.isnan(estimate.low):
            yield cell
            continue
        between = escape(f"{column.spell(estimate.low)}–{column.spell(estimate.high)}")
        yield f'<span title="of {estimate.of:,} expressions">{cell}</span><small>{between}</small>'
