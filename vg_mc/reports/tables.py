"""Result tables: the same numbers for programs, for papers, for spreadsheets and for the screen.

A number without its denominator and its protocol cannot be compared, so both are part of every
file.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from vg_mc.reports.columns import COLUMNS, NOTHING, Column, other_columns
from vg_mc.reports.escaping import latex, latex_heading, one_line, spreadsheet
from vg_mc.reports.markdown_tables import markdown_text
from vg_mc.reports.result_document import json_text
from vg_mc.scoring import SplitReport
from vg_mc.whole_files import write_whole_text


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
    return [column.cell(report) for column in columns]


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
