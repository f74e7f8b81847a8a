"""The formats of results side by side: terminal, README, paper, spreadsheet and page."""

import csv
import io
import math
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from tabulate import tabulate

from vg_mc.reports.pages.page import asset, page, protocol_list, table
from vg_mc.reports.pages.split_plots import bars
from vg_mc.reports.tables.escaping import latex, latex_heading, markdown, one_line, spreadsheet
from vg_mc.reports.tables.side_by_side import SideBySide, Table
from vg_mc.system.atomic import write_whole_text

TITLE = "Results side by side"

_ADDRESS = re.compile(r"https://[\w./-]+")

SENTENCE = 32  # characters; what is longer, such as remarks and sources, takes several lines

_STYLE = """\
.scroll th, .scroll td { text-align: left }
.scroll tbody th { white-space: normal; max-width: 14rem }
.sentence { display: block; white-space: normal; width: 18rem; overflow-wrap: anywhere }
"""
_LEGEND = (
    "Bars: accuracy (IoU > 0.5), its 95 % interval as a line, the ceiling that proposals set as a "
    "mark; then percent, and expressions."
)


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
    lines = ["% Needs booktabs."]
    for each in shown.tables:
        lines += [rf"\textbf{{{latex(each.title)}}}\par", *_latex_table(each), ""]
    notes = [rf"{latex(name)}: {latex(note)}\par" for name, note in shown.notes.items()]
    return "\n".join([*lines, r"{\footnotesize", *notes, "}"]) + "\n"


def _latex_table(each: Table) -> Iterator[str]:
    columns = zip(each.headings, *each.rows, strict=True)
    kinds = ["p{4cm}" if any(map(_is_sentence, column)) else "l" for column in columns]
    yield rf"\begin{{tabular}}{{{''.join(kinds)}}}"
    yield r"\toprule"
    yield rf"{' & '.join(latex_heading(heading, 'l') for heading in each.headings)} \\"
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
    """Spell bars and tables as a page that holds everything itself."""
    charts = "".join(bars(part, systems, len(systems)) for part, systems in shown.bars.items())
    lead = f"{shown.notes.get('corpus', 'unknown')}: {', '.join(shown.bars)}"
    parts = [
        f'<p class="lead">{escape(lead)}</p><p class="soft">{escape(_LEGEND)}</p>',
        f'<div class="plots">{charts}</div>',
        *(_html_table(each) for each in shown.tables if each.measured),
        f"<h2>How to read this</h2>{protocol_list(shown.notes)}",
        *(_html_table(each) for each in shown.tables if not each.measured),
    ]
    return page(TITLE, "\n".join(parts), style=asset("report.css") + _STYLE)


def _html_table(each: Table) -> str:
    rows = [(row[:1], [_html_cell(cell, each.measured) for cell in row[1:]]) for row in each.rows]
    return f"<h2>{escape(each.title)}</h2>{table(each.headings, rows)}"


def _html_cell(cell: str, measured: bool) -> str:
    """Escape a cell; only our own list of what was published has addresses to follow."""
    words = escape(cell) if measured else _ADDRESS.sub(r'<a href="\g<0>">\g<0></a>', escape(cell))
    return f'<span class="sentence">{words}</span>' if _is_sentence(cell) else words


def _is_sentence(cell: str) -> bool:
    return len(cell) > SENTENCE
