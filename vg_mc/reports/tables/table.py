"""Tables as values of plain text; the renderers of each format escape and align them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress


@dataclass(frozen=True, slots=True)
class Cell:
    """A text with details that are shown on HTML pages only.

    Attributes:
        text: The text of the cell, the same in all formats.
        interval: Shown in small type below the text.
        denominator: Shown as a tooltip.
    """

    text: str
    interval: str = ""
    denominator: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts below headings, not yet escaped.

    Attributes:
        headings: One per column.
        rows: One cell per column; None (not applicable) is rendered empty.
        title: Title of the table.
        note: Explanation shown below the table.
        names: Number of leading columns that are row headings.
        align: One letter per column, r for numbers and l for texts; by default all are texts.
        measured: Whether the numbers were measured here, not published by others.
        links: Whether web addresses in cells become links on pages.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell | str | None]]
    title: str = ""
    note: str = ""
    names: int = 1
    align: str = ""
    measured: bool = True
    links: bool = False

    @property
    def letters(self) -> str:
        """Alignment of every column."""
        return self.align or "l" * len(self.headings)

    @property
    def cells(self) -> list[list[Cell]]:
        """Rows with every entry as a cell; None becomes an empty cell."""
        return [[_cell(entry) for entry in row] for row in self.rows]

    def without_empty_columns(self) -> "Table":
        """Return the table without empty columns."""
        filled = [not self.rows or any(column) for column in self.columns]
        return replace(
            self,
            headings=list(compress(self.headings, filled)),
            rows=[list(compress(row, filled)) for row in self.rows],
            align="".join(compress(self.align, filled)),
        )

    @property
    def columns(self) -> list[tuple[str, ...]]:
        """Texts of all cells, column by column."""
        return list(zip(*self.texts, strict=True)) if self.rows else [()] * len(self.headings)

    @property
    def texts(self) -> list[list[str]]:
        """Texts of all cells, row by row."""
        return [[cell.text for cell in row] for row in self.cells]


def _cell(entry: Cell | str | None) -> Cell:
    if isinstance(entry, Cell):
        return entry
    return Cell(entry or "")
