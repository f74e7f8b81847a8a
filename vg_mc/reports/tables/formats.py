"""Renderers of tables: terminal, Markdown, LaTeX and CSV. Pages have ``parts.html.j2``."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from tabulate import tabulate

from vg_mc.reports.tables.columns import NOTHING
from vg_mc.reports.tables.escaping import latex, latex_heading, markdown, one_line, spreadsheet
from vg_mc.reports.tables.table import Table

SENTENCE = 32  # characters; a longer cell, such as a remark or a source, takes several lines
LATEX_HEAD = "% Needs booktabs."


def is_sentence(text: str) -> bool:
    """Return True if a cell is so long that it should be broken into lines."""
    return len(text) > SENTENCE


def terminal(table: Table) -> str:
    """Render a table for a terminal."""
    return _grid(table, "simple", [[one_line(text) for text in row] for row in table.texts])


def markdown_table(table: Table) -> str:
    """Render a table as Markdown, for GitHub and others."""
    return _grid(table, "pipe", [[markdown(text) for text in row] for row in table.texts])


def markdown_folded(title: str, lines: Iterable[str]) -> list[str]:
    """Return the lines folded away below a title, which is any text."""
    opening = f"<details><summary>{escape(title)}</summary>"
    return ["", opening, "", *lines, "", "</details>"]


def _grid(table: Table, form: str, rows: Sequence[Sequence[str]]) -> str:
    headings = list(map(markdown if form == "pipe" else one_line, table.headings))
    aligned = [{"l": "left", "r": "right"}[letter] for letter in _letters(table)]
    return tabulate(rows, headers=headings, tablefmt=form, colalign=aligned, disable_numparse=True)


def _letters(table: Table) -> str:
    return table.align or "l" * len(table.headings)


def latex_table(table: Table) -> str:
    """Render a table for a paper; it needs the package booktabs."""
    return "\n".join(_latex_lines(table))


def _latex_lines(table: Table) -> Iterator[str]:
    letters = _letters(table)
    columns = zip(*table.texts, strict=True) if table.rows else [()] * len(letters)
    kinds = [
        "p{4cm}" if any(map(is_sentence, texts)) else letter
        for letter, texts in zip(letters, columns, strict=True)
    ]
    headings = zip(table.headings, letters, strict=True)
    yield rf"\begin{{tabular}}{{{''.join(kinds)}}}"
    yield r"\toprule"
    yield _latex_line([latex_heading(text, "r" if one == "r" else "l") for text, one in headings])
    yield r"\midrule"
    yield from (_latex_line(list(map(latex, row))) for row in table.texts)
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _latex_line(cells: Sequence[str]) -> str:
    return rf"{' & '.join(cells)} \\"


def latex_notes(notes: Mapping[str, str]) -> str:
    """Render facts in small type, a paragraph each."""
    lines = [rf"{latex(name)}: {latex(note)}\par" for name, note in notes.items()]
    return "\n".join([r"{\footnotesize", *lines, "}"])


def csv_table(table: Table) -> str:
    """Render a table for spreadsheets.

    A share of nothing is an empty cell, which stays out of a spreadsheet's sums. In columns of
    numbers, a minus is one; in all others, no text can be taken for a formula.
    """
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(map(spreadsheet, table.headings))
    letters = _letters(table)
    for row in table.texts:
        pairs = zip(row, letters, strict=True)
        writer.writerow(_csv_cell(text, number=letter == "r") for text, letter in pairs)
    return sheet.getvalue()


def _csv_cell(text: str, *, number: bool) -> str:
    if text == NOTHING:
        return ""
    return text if number and _is_number(text) else spreadsheet(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
