"""The formats of results side by side: terminal, README, paper, spreadsheet and page."""

import csv
import io
import math
from collections.abc import Iterator
from html import escape
from pathlib import Path

from tabulate import tabulate

from vg_mc.reports.escaping import latex, markdown, one_line, spreadsheet
from vg_mc.reports.page import page, protocol_list, table
from vg_mc.reports.side_by_side import SideBySide, Table
from vg_mc.whole_files import write_whole_text

TITLE = "Results side by side"

# Sources and remarks are sentences, which a line would not hold.
_STYLE = "th, td { text-align: left } td { white-space: normal; max-width: 24rem }\n"


def write_side_by_side(shown: SideBySide, folder: Path) -> None:
    """Write ``comparison.md``, ``.tex``, ``.csv`` and ``.html`` to `folder`."""
    write_whole_text(folder / "comparison.md", markdown_text(shown))
    write_whole_text(folder / "comparison.tex", latex_text(shown))
    write_whole_text(folder / "comparison.csv", csv_text(shown))
    write_whole_text(folder / "comparison.html", html_text(shown))


def screen_text(shown: SideBySide) -> str:
    """Spell tables for a terminal."""
    parts = []
    for each in shown.tables:
        rows = [[one_line(cell) for cell in row] for row in each.rows]
        grid = tabulate(rows, headers=each.headings, disable_numparse=True)
        parts.append(f"{each.title}\n\n{grid}")
    notes = [f"{name}: {one_line(note)}" for name, note in shown.notes.items()]
    return "\n\n".join([*parts, "\n".join(notes)])


def markdown_text(shown: SideBySide) -> str:
    """Spell tables for a README."""
    lines = []
    for each in shown.tables:
        rows = [[markdown(cell) for cell in row] for row in each.rows]
        headings = [markdown(heading) for heading in each.headings]
        grid = tabulate(rows, headers=headings, tablefmt="pipe", disable_numparse=True)
        lines += [f"**{markdown(each.title)}**", "", grid, ""]
    lines += [f"- {markdown(name)}: {markdown(note)}" for name, note in shown.notes.items()]
    return "\n".join(lines) + "\n"


def latex_text(shown: SideBySide) -> str:
    """Spell tables for a paper, which needs the package booktabs."""
    lines = []
    for each in shown.tables:
        lines += [rf"\textbf{{{latex(each.title)}}}\par", *_latex_table(each), ""]
    notes = [rf"{latex(name)}: {latex(note)}\par" for name, note in shown.notes.items()]
    return "\n".join([*lines, r"{\footnotesize", *notes, "}"]) + "\n"


def _latex_table(each: Table) -> Iterator[str]:
    yield rf"\begin{{tabular}}{{{'l' * len(each.headings)}}}"
    yield r"\toprule"
    yield rf"{' & '.join(map(latex, each.headings))} \\"
    yield r"\midrule"
    yield from (rf"{' & '.join(map(latex, row))} \\" for row in each.rows)
    yield r"\bottomrule"
    yield r"\end{tabular}"


def csv_text(shown: SideBySide) -> str:
    """Spell the numbers for spreadsheets and programs: a row per system and split."""
    sheet = io.StringIO()
    names = list(dict.fromkeys(name for record in shown.records for name in record))
    writer = csv.DictWriter(sheet, names, restval="", lineterminator="\n")
    writer.writeheader()
    for record in shown.records:
        writer.writerow({name: _cell(value) for name, value in record.items()})
    return sheet.getvalue()


def _cell(value: float | str) -> float | str:
    if isinstance(value, str):
        return spreadsheet(value)
    return "" if math.isnan(value) else f"{value:.6g}"


def html_text(shown: SideBySide) -> str:
    """Spell tables as a page that holds everything itself."""
    parts = [
        f"<h2>{escape(each.title)}</h2>"
        + table(
            each.headings, [([row[0]], [escape(cell) for cell in row[1:]]) for row in each.rows]
        )
        for each in shown.tables
    ]
    body = "\n".join([*parts, "<h2>How to read this</h2>", protocol_list(shown.notes)])
    return page(TITLE, body, style=_STYLE)
