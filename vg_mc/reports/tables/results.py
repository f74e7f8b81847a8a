"""Result tables: the same numbers for programs, for papers, for spreadsheets and for the screen.

A number without its denominator and its protocol cannot be compared, so both are part of every
file.

Results for a README: two tables and the protocol, and what is behind them folded away.

Results for programs: every number of every row, with its interval and its denominator.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from vg_mc.metrics.calibration import ReliabilityBin
from vg_mc.metrics.resampling import Estimate
from vg_mc.reports.tables.columns import COLUMNS, DECIMALS, NOTHING, Column, other_columns, percent
from vg_mc.reports.tables.escaping import latex, latex_heading, markdown, one_line, spreadsheet
from vg_mc.reports.tables.formats import markdown_folded
from vg_mc.scoring import Curve, SplitReport
from vg_mc.scoring.split_report import GroupScores
from vg_mc.system.atomic import write_whole_text

MOST_GROUPS = 12  # of one kind; a corpus has up to 80 categories
MOST_CONFUSED = 10
GROUP_HEADINGS = ("by", "group", "acc@0.5 %", "from %", "to %", "ceiling %", "expressions")


def markdown_text(reports: Sequence[SplitReport], protocol: Mapping[str, str]) -> str:
    """Spell results as Markdown; what GitHub folds away follows the tables."""
    lines = [
        *_table(reports, COLUMNS),
        *("", "Other rules, and how good the ranking is:", ""),
        *_table(reports, other_columns(reports)),
        "",
        *(f"- {markdown(fact)}: {markdown(value)}" for fact, value in protocol.items()),
        *(line for report in reports for line in _folded(report)),
    ]
    return "\n".join(lines) + "\n"


def _table(reports: Sequence[SplitReport], columns: Sequence[Column]) -> Iterator[str]:
    yield _line(["model", "split", *(column.heading for column in columns)])
    yield _line(["---", "---", *("---:" for _ in columns)])
    for report in reports:
        cells = _cells(report, columns)
        yield _line([markdown(report.name), markdown(report.part), *cells])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _folded(report: SplitReport) -> list[str]:
    return markdown_folded(
        f"{report.name} on {report.part}: groups of expressions", _details(report)
    )


def _details(report: SplitReport) -> Iterator[str]:
    """List the groups, the proposals and the confusions of one row."""
    yield _line(GROUP_HEADINGS)
    yield _line(["---", "---", *("---:" for _ in GROUP_HEADINGS[2:])])
    for name, groups in report.breakdowns.items():
        yield from (_group_line(name, group) for group in groups[:MOST_GROUPS])
        if len(groups) > MOST_GROUPS:
            others = f"and {len(groups) - MOST_GROUPS} others, in results.json"
            yield _line([name, others, *[""] * (len(GROUP_HEADINGS) - 2)])
    curve = zip(report.proposal_curve.at, report.proposal_curve.estimates, strict=True)
    recalls = ", ".join(f"{at:g}: {percent(each.value)}" for at, each in curve)
    yield from ("", f"Proposal recall % by number of proposals: {recalls or 'none'}")
    confused = ", ".join(islice(_confused(report), MOST_CONFUSED))
    yield from ("", f"Most often taken for another category: {confused or 'none'}")


def _group_line(name: str, group: GroupScores) -> str:
    accuracy = group.accuracy
    shares = (accuracy.value, accuracy.low, accuracy.high, group.ceiling.value)
    return _line([name, markdown(group.name), *map(percent, shares), str(accuracy.of)])


def _confused(report: SplitReport) -> Iterator[str]:
    pairs = [
        (count, target, chosen)
        for target, counts in report.confusion.items()
        for chosen, count in counts.items()
        if chosen != target
    ]
    for count, target, chosen in sorted(pairs, key=lambda pair: -pair[0]):
        yield f"{markdown(target)} for {markdown(chosen)} ({count})"


Json = dict[str, Any]


def json_text(reports: Sequence[SplitReport], protocol: Mapping[str, str]) -> str:
    """Spell results for programs: shares, not percentages, and null for a share of nothing."""
    document = {"protocol": dict(protocol), "results": [_result(report) for report in reports]}
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _result(report: SplitReport) -> Json:
    numbers = report.numbers
    values = {name: each.value for name, each in numbers.items()} | asdict(report.scores)
    return {
        "name": report.name,
        "split": report.split,
        "subset": report.subset or None,
        "images": report.images,
        "scores": _rounded(values),
        "intervals": {name: _interval(each) for name, each in numbers.items()},
        "denominators": {name: each.of for name, each in numbers.items()},
        "accuracy_by_threshold": _points(report.accuracy_curve, "iou_above"),
        "ceiling_by_threshold": _points(report.ceiling_curve, "iou_above"),
        "recall_by_proposals": _points(report.proposal_curve, "proposals"),
        "reliability": _bins(report.reliability),
        "breakdowns": {name: _groups(each) for name, each in report.breakdowns.items()},
        "confusion": {target: dict(chosen) for target, chosen in report.confusion.items()},
    }


def _points(curve: Curve, axis: str) -> list[Json]:
    return [
        {axis: at} | _estimate(each) for at, each in zip(curve.at, curve.estimates, strict=True)
    ]


def _groups(groups: Iterable[GroupScores]) -> list[Json]:
    return [
        {"group": group.name, "accuracy": _estimate(group.accuracy)}
        | {"ceiling": _estimate(group.ceiling)}
        for group in groups
    ]


def _bins(bins: Iterable[ReliabilityBin]) -> list[Json]:
    return [_rounded(asdict(each)) for each in bins]


def _estimate(estimate: Estimate) -> Json:
    return _rounded(asdict(estimate))


def _interval(estimate: Estimate) -> list[float | None]:
    return list(_rounded({"low": estimate.low, "high": estimate.high}).values())


def _rounded(values: Mapping[str, float]) -> dict[str, float | None]:
    return {
        name: None if math.isnan(value) else round(value, DECIMALS)
        for name, value in values.items()
    }


def write_results(
    reports: Sequence[SplitReport], protocol: Mapping[str, str], folder: Path
) -> None:
    """Write ``results.json``, ``.md``, ``.csv`` and ``.tex`` to `folder`."""
    write_whole_text(folder / "results.json", json_text(reports, protocol))
    write_whole_text(folder / "results.md", markdown_text(reports, protocol))
    write_whole_text(folder / "results.csv", csv_text(reports, protocol))
    write_whole_text(folder / "results.tex", latex_text(reports, protocol))


def csv_text(reports: Sequence[SplitReport], protocol: Mapping[str, str]) -> str:
    """Spell results for spreadsheets: the protocol stands in columns, so every line is a row.

    A share of nothing is an empty cell, which stays out of a spreadsheet's sums. No two columns
    have one name: the first one is `name`, as in the JSON file, since the protocol has a `model`.
    """
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    columns = (*COLUMNS, *other_columns(reports))
    headings = ["name", "split", *(column.heading for column in columns), *protocol]
    writer.writerow(map(spreadsheet, headings))
    facts = list(map(spreadsheet, protocol.values()))
    for report in reports:
        numbers = ["" if cell == NOTHING else cell for cell in _cells(report, columns)]
        writer.writerow([spreadsheet(report.name), spreadsheet(report.part), *numbers, *facts])
    return sheet.getvalue()


def _cells(report: SplitReport, columns: Sequence[Column]) -> list[str]:
    return [column.cell(report) or "" for column in columns]


def latex_text(reports: Sequence[SplitReport], protocol: Mapping[str, str]) -> str:
    """Spell results for a paper: two tables, which need the package booktabs."""
    lines = [
        "% Needs booktabs.",
        *_latex_table(reports, COLUMNS),
        "",
        *_latex_table(reports, other_columns(reports)),
        "",
        r"{\footnotesize",
        *(rf"{latex(fact)}: {latex(value)}\par" for fact, value in protocol.items()),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _latex_table(reports: Sequence[SplitReport], columns: Sequence[Column]) -> list[str]:
    return [
        rf"\begin{{tabular}}{{ll{'r' * len(columns)}}}",
        r"\toprule",
        _latex_line(["model", "split", *(latex_heading(one.heading, "r") for one in columns)]),
        r"\midrule",
        *(
            _latex_line(map(latex, [each.name, each.part, *_cells(each, columns)]))
            for each in reports
        ),
        r"\bottomrule",
        r"\end{tabular}",
    ]


def _latex_line(cells: Iterable[str]) -> str:
    return rf"{' & '.join(cells)} \\"


def screen_text(reports: Sequence[SplitReport]) -> str:
    """Spell results for a terminal, in percent and without the columns that seldom matter."""
    shown = [column for column in COLUMNS if column.brief]
    lines = [["model", "split", *(column.brief for column in shown)]]
    lines += [[one_line(each.name), one_line(each.part), *_cells(each, shown)] for each in reports]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    ruler = ["-" * width for width in widths]
    return "\n".join(_screen_line(line, widths) for line in [lines[0], ruler, *lines[1:]])


def _screen_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, split, *numbers = widths
    left = [cells[0].ljust(name), cells[1].ljust(split)]
    right = [cell.rjust(width) for cell, width in zip(cells[2:], numbers, strict=True)]
    return "  ".join([*left, *right]).rstrip()
