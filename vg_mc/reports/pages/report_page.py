"""The page of an evaluation: numbers, plots and examples in one file.

The index of several evaluations: one table, and a link to the page of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vg_mc.predictions import Predictions
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.reports.pages.charts import SplitCharts
from vg_mc.reports.pages.examples import (
    BackdropOf,
    PicturesOf,
    Verdict,
    backdrops,
    no_backdrop,
    no_pictures,
)
from vg_mc.reports.pages.gallery import Cards
from vg_mc.reports.pages.page import AddressOf, embedded, render_page, write_page
from vg_mc.reports.tables.columns import COLUMNS, INTERVAL_COLUMNS, Column, other_columns
from vg_mc.reports.tables.results import results_table
from vg_mc.reports.tables.table import Table
from vg_mc.scoring import SplitReport
from vg_mc.system.atomic import write_whole_text

FILE_NAME = "report.html"


def write_index(
    title: str,
    reports: Sequence[SplitReport],
    protocol: Mapping[str, str],
    pages: Mapping[str, Path],
    picture: Path,
    file: Path,
) -> None:
    """Write a page with links to others.

    Args:
        title: Any text.
        reports: Rows of the table.
        protocol: How the numbers came about.
        pages: Pages below the folder of `file`, by the text of their links.
        picture: A PNG file with examples.
        file: The page to write.
    """
    page = render_page(
        "index.html.j2",
        title,
        styles=["report.css"],
        links={name: path.relative_to(file.parent).as_posix() for name, path in pages.items()},
        tables=NumbersTables.of(reports),
        protocol=protocol,
        picture=embedded(picture.read_bytes(), "png"),
    )
    write_whole_text(file, page)


@dataclass(frozen=True, slots=True)
class NumbersTables:
    """The main table of a page, and that of the other rules below it."""

    main: Table
    others: Table

    @classmethod
    def of(cls, reports: Sequence[SplitReport]) -> "NumbersTables":
        """Make both tables of the same rows."""
        main = [column for column in COLUMNS if column not in INTERVAL_COLUMNS]
        photos = Column("photos", "", lambda report: str(report.images))
        return cls(_table(reports, [*main, photos]), _table(reports, other_columns(reports)))


def _table(reports: Sequence[SplitReport], columns: Sequence[Column]) -> Table:
    """Name the models only where there are several: the title of a page is that of its model."""
    table = results_table(reports, columns).without_empty_columns()
    if len({report.name for report in reports}) > 1:
        return table
    rows = [row[1:] for row in table.rows]
    return replace(table, headings=table.headings[1:], rows=rows, names=1, align=table.align[1:])


@dataclass(frozen=True, slots=True)
class Gallery:
    """How examples are chosen and where their pictures come from.

    Attributes:
        each: How many of every verdict, per split.
        pictures_of: Finds the pictures of candidates.
        backdrop_of: Finds what boxes are drawn on.
    """

    each: int
    pictures_of: PicturesOf = no_pictures
    backdrop_of: BackdropOf = no_backdrop

    @classmethod
    def of(cls, dataset: PreparedDataset | None, images: Path | None, examples: int) -> "Gallery":
        """Take pictures from where there are any; `examples` is the number per split.

        Raises:
            BadInputError: If there is no folder `images`.
        """
        each = examples // len(Verdict)
        if dataset is None:
            return cls(each)
        return cls(each, dataset.picture_bytes, backdrops(dataset, images))


def write_report(
    answered: Sequence[Predictions],
    reports: Sequence[SplitReport],
    protocol: Mapping[str, str],
    shown: Gallery,
    folder: Path,
    further: Sequence[Table] = (),
) -> None:
    """Write ``report.html`` to `folder`.

    Args:
        answered: What one model, or an ensemble, answered to each split.
        reports: Rows of the table; those of other models, such as members, have no plots.
        protocol: How the numbers came about.
        shown: The examples.
        folder: Where the page is written, and its pictures where it would be too large.
        further: Tables that follow the numbers.
    """
    own = [report for report in reports if report.name == answered[0].name]
    values = {
        "lead": _lead(answered, protocol),
        "own": own,
        "tables": NumbersTables.of(reports),
        "further": further,
        "protocol": protocol,
        "charts": {report.part: SplitCharts.of(report) for report in own},
        "shown": Cards.of(answered, shown.each, shown.pictures_of, shown.backdrop_of),
    }

    def render(address_of: AddressOf) -> str:
        return render_page(
            "report.html.j2",
            answered[0].name,
            styles=["report.css"],
            script="report.js",
            address_of=address_of,
            **values,
        )

    write_page(render, folder / FILE_NAME)


def _lead(answered: Sequence[Predictions], protocol: Mapping[str, str]) -> str:
    count = sum(map(len, answered))
    splits = ", ".join(each.split for each in answered)
    return f"{protocol.get('corpus', 'unnamed corpus')}: {splits}, {count:,} expressions"
