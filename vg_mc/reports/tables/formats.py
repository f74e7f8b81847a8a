"""Renderers of tables for terminals, Markdown, LaTeX and CSV, and of JSON documents.

HTML pages use the macro `table` of ``pages/parts.html.j2``.
"""

import csv
import html
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from vg_mc.reports.tables.columns import NOTHING
from vg_mc.reports.tables.escaping import latex, latex_heading, markdown, one_line, spreadsheet
from vg_mc.reports.tables.table import Table

SENTENCE = 32  # characters; longer cells, such as remarks and sources, are wrapped
LATEX_HEAD = "% Needs booktabs."


def is_sentence(text: str) -> bool:
    """Return True if a cell is long enough to be wrapped."""
    return len(text) > SENTENCE


def terminal(table: Table) -> str:
    """Render a table for a terminal."""
    heading, *rows = _padded(table, one_line)
    ruler = ["-" * len(cell) for cell in heading]
    return "\n".join("  ".join(cells).rstrip() for cells in [heading, ruler, *rows])


def markdown_table(table: Table) -> str:
    """Render a table as a GitHub-flavoured Markdown table."""
    heading, *rows = _padded(table, markdown, least=3)
    ruler = [
        "-" * (len(cell) - 1) + (":" if letter == "r" else "-")
        for cell, letter in zip(heading, table.letters, strict=True)
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [heading, ruler, *rows])


def _padded(table: Table, escape: Callable[[str], str], least: int = 1) -> list[list[str]]:
    """Return headings and rows with all cells of a column padded to the same width."""
    lines = [[escape(text) for text in line] for line in [table.headings, *table.texts]]
    widths = [max(least, *map(len, column)) for column in zip(*lines, strict=True)]
    aligned = list(zip(table.letters, widths, strict=True))
    return [
        [
            cell.rjust(width) if letter == "r" else cell.ljust(width)
            for cell, (letter, width) in zip(line, aligned, strict=True)
        ]
        for line in lines
    ]


def markdown_folded(title: str, lines: Iterable[str]) -> list[str]:
    """Return the lines within a collapsed HTML section; the title may be any text."""
    opening = f"<details><summary>{html.escape(title)}</summary>"
    return ["", opening, "", *lines, "", "</details>"]


def latex_table(table: Table) -> str:
    """Render a table as LaTeX; it requires the package booktabs."""
    return "\n".join(_latex_lines(table))


def _latex_lines(table: Table) -> Iterator[str]:
    letters = table.letters
    kinds = [
        "p{4cm}" if any(map(is_sentence, texts)) else letter
        for letter, texts in zip(letters, table.columns, strict=True)
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


def markdown_notes(notes: Mapping[str, str]) -> str:
    """Render notes as a Markdown list."""
    return "\n".join(f"- {markdown(name)}: {markdown(note)}" for name, note in notes.items())


def latex_notes(notes: Mapping[str, str]) -> str:
    """Render notes as LaTeX paragraphs in small type."""
    lines = [rf"{latex(name)}: {latex(note)}\par" for name, note in notes.items()]
    return "\n".join([r"{\footnotesize", *lines, "}"])


def csv_table(table: Table) -> str:
    """Render a table as CSV.

    A share with denominator 0 is an empty cell, which spreadsheets ignore in sums. Texts are
    protected from being read as formulas, except for negative numbers in columns of numbers.
    """
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(_csv_cell(heading, number=False) for heading in table.headings)
    for row in table.texts:
        pairs = zip(row, table.letters, strict=True)
        writer.writerow(_csv_cell(text, number=letter == "r") for text, letter in pairs)
    return sheet.getvalue()


def _csv_cell(text: str, *, number: bool) -> str:
    if text == NOTHING:
        return ""
    if number and _is_number(text):
        return text
    # csv does not quote a carriage return, which readers take for the end of a row.
    return spreadsheet(text).replace("\r\n", "\n").replace("\r", "\n")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def json_document(document: object, decimals: int) -> str:
    """Render a JSON document; floats are rounded and NaN becomes null."""
    return (
        json.dumps(_plain(document, decimals), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    )


def _plain(value: Any, decimals: int) -> Any:  # noqa: ANN401  # any JSON value
    if isinstance(value, dict):
        return {key: _plain(item, decimals) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, decimals) for item in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, decimals)
    return value
