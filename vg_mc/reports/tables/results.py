"""Result tables as JSON, LaTeX, CSV, Markdown and terminal text.

Every file contains the denominators and the evaluation protocol, without which numbers cannot be
compared.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

from vg_mc.reports.tables.columns import COLUMNS, DECIMALS, Column, other_columns, percent
from vg_mc.reports.tables.escaping import markdown
from vg_mc.reports.tables.formats import (
    LATEX_HEAD,
    csv_table,
    json_document,
    latex_notes,
    latex_table,
    markdown_folded,
    markdown_notes,
    markdown_table,
    terminal,
)
from vg_mc.reports.tables.table import Cell, Table
from vg_mc.scoring import Curve, SplitReport
from vg_mc.scoring.ratios import OPTIONAL_NUMBERS
from vg_mc.scoring.split_report import GroupScores
from vg_mc.system.atomic import write_whole_text

MOST_GROUPS = 12  # per breakdown; a corpus has up to 80 categories
MOST_CONFUSED = 10
GROUP_HEADINGS = ("by", "group", "acc@0.5 %", "from %", "to %", "oracle %", "expressions")


def write_results(
    reports: Sequence[SplitReport], protocol: Mapping[str, str], folder: Path
) -> None:
    """Write ``results.json``, ``.md``, ``.csv`` and ``.tex`` to `folder`."""
    write_whole_text(folder / "results.json", json_text(reports, protocol))
    write_whole_text(folder / "results.md", markdown_text(reports, protocol))
    write_whole_text(folder / "results.csv", csv_text(reports, protocol))
    write_whole_text(folder / "results.tex", latex_text(reports, protocol))


def results_table(reports: Sequence[SplitReport], columns: Sequence[Column]) -> Table:
    """Return a table with one row per grounder and split."""
    headings = ["model", "split", *(column.heading for column in columns)]
    rows = [[each.name, each.part, *(_cell(each, one) for one in columns)] for each in reports]
    return Table(headings, rows, names=2, align="ll" + "r" * len(columns))


def _cell(report: SplitReport, column: Column) -> Cell | None:
    text, estimate = column.cell(report), report.numbers.get(column.name)
    if text is None:
        return None
    if estimate is None or math.isnan(estimate.low):
        return Cell(text)
    interval = f"{column.spell(estimate.low)}–{column.spell(estimate.high)}"
    return Cell(text, interval, f"of {estimate.of:,} expressions")


def screen_text(reports: Sequence[SplitReport]) -> str:
    """Render the most important columns for a terminal, in percent."""
    shown = [column for column in COLUMNS if column.brief]
    headings = ["model", "split", *(column.brief for column in shown)]
    return terminal(replace(results_table(reports, shown), headings=headings))


def csv_text(reports: Sequence[SplitReport], protocol: Mapping[str, str]) -> str:
    """Render results as CSV, with the protocol in additional columns.

    The first column is `name`, as in the JSON file, since the protocol may have a `model`.
    """
    table = results_table(reports, (*COLUMNS, *other_columns(reports)))
    whole = Table(
        ["name", *table.headings[1:], *protocol],
        [[*row, *protocol.values()] for row in table.rows],
        align=table.align + "l" * len(protocol),
    )
    return csv_table(whole)


def latex_text(reports: Sequence[SplitReport], protocol: Mapping[str, str]) -> str:
    """Render results as two LaTeX tables, which require the package booktabs."""
    tables = [
        f"{latex_table(results_table(reports, columns))}\n"
        for columns in (COLUMNS, other_columns(reports))
    ]
    return "\n".join([LATEX_HEAD, *tables, latex_notes(protocol)]) + "\n"


def markdown_text(reports: Sequence[SplitReport], protocol: Mapping[str, str]) -> str:
    """Render results as Markdown, with groups of expressions in collapsed sections."""
    parts = [
        markdown_table(results_table(reports, COLUMNS)),
        *("", "Other metrics: further thresholds, ranking and calibration:", ""),
        markdown_table(results_table(reports, other_columns(reports))),
        *("", markdown_notes(protocol)),
        *(line for report in reports for line in _folded(report)),
    ]
    return "\n".join(parts) + "\n"


def _folded(report: SplitReport) -> list[str]:
    """Return a collapsed section with the groups, recalls and confusions of one row."""
    lines = [markdown_table(groups_table(report))]
    if report.proposal_curve is not None:
        curve = zip(report.proposal_curve.at, report.proposal_curve.estimates, strict=True)
        recalls = ", ".join(f"{at:g}: {percent(each.value)}" for at, each in curve)
        lines += ["", f"Proposal recall % by number of proposals: {recalls or 'none'}"]
    if report.confusion is not None:
        confused = ", ".join(islice(_confused(report.confusion), MOST_CONFUSED))
        lines += [
            "",
            f"Most frequent confusions (category of target for answer): {confused or 'none'}",
        ]
    return markdown_folded(f"{report.name} on {report.part}: groups of expressions", lines)


def groups_table(report: SplitReport) -> Table:
    """Return the accuracy of the most frequent groups of expressions in each breakdown."""
    rows: list[list[str | None]] = []
    for name, groups in report.breakdowns.items():
        rows += [_group_cells(name, group) for group in groups[:MOST_GROUPS]]
        if len(groups) > MOST_GROUPS:
            others = f"and {len(groups) - MOST_GROUPS} more in results.json"
            rows.append([name, others, *[None] * (len(GROUP_HEADINGS) - 2)])
    return Table(GROUP_HEADINGS, rows, names=2, align="llrrrrr")


def _group_cells(name: str, group: GroupScores) -> list[str | None]:
    accuracy = group.accuracy
    oracle = None if group.oracle is None else group.oracle.value
    shares = (accuracy.value, accuracy.low, accuracy.high, oracle)
    return [name, group.name, *map(percent, shares), str(accuracy.of)]


def _confused(confusion: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    pairs = [
        (count, target, chosen)
        for target, counts in confusion.items()
        for chosen, count in counts.items()
        if chosen != target
    ]
    for count, target, chosen in sorted(pairs, key=lambda pair: -pair[0]):
        yield f"{markdown(target)} for {markdown(chosen)} ({count})"


Json = dict[str, Any]


def json_text(reports: Sequence[SplitReport], protocol: Mapping[str, str]) -> str:
    """Render results as JSON, with shares instead of percentages and null for undefined shares."""
    document = {"protocol": dict(protocol), "results": [_result(report) for report in reports]}
    return json_document(document, DECIMALS)


def _result(report: SplitReport) -> Json:
    numbers = report.numbers
    values = {name: each.value for name, each in numbers.items()} | asdict(report.scores)
    absent = dict.fromkeys(name for name in OPTIONAL_NUMBERS if name not in numbers)
    return {
        "name": report.name,
        "split": report.split,
        "subset": report.subset or None,
        "images": report.images,
        "scores": absent | values,
        "intervals": absent | {name: [each.low, each.high] for name, each in numbers.items()},
        "denominators": absent | {name: each.of for name, each in numbers.items()},
        "accuracy_by_threshold": _points(report.accuracy_curve, "iou_above"),
        "oracle_by_threshold": _points(report.oracle_curve, "iou_above"),
        "recall_by_proposals": _points(report.proposal_curve, "proposals"),
        "reliability": report.reliability and list(map(asdict, report.reliability)),
        "cosine_histograms": report.cosines
        and {name: asdict(each) for name, each in report.cosines.items()},
        "breakdowns": {name: _groups(each) for name, each in report.breakdowns.items()},
        "confusion": report.confusion
        and {target: dict(chosen) for target, chosen in report.confusion.items()},
    }


def _points(curve: Curve | None, axis: str) -> list[Json] | None:
    if curve is None:
        return None
    return [{axis: at} | asdict(each) for at, each in zip(curve.at, curve.estimates, strict=True)]


def _groups(groups: Iterable[GroupScores]) -> list[Json]:
    return [
        {
            "group": each.name,
            "accuracy": asdict(each.accuracy),
            "oracle": None if each.oracle is None else asdict(each.oracle),
        }
        for each in groups
    ]
