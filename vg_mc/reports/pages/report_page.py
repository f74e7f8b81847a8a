"""The HTML page of an evaluation (numbers, charts and examples) and the index of several pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vg_mc.predictions import Predictions
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.records import ImageFolder, Photo
from vg_mc.reports.pages.charts import SplitCharts
from vg_mc.reports.pages.examples import (
    BackdropOf,
    PicturesOf,
    Verdict,
    backdrops,
    no_backdrop,
    no_pictures,
    photo_backdrops,
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
    """Write a page with one table of results and links to the pages of evaluations.

    Args:
        title: Title of the page.
        reports: Rows of the table.
        protocol: Evaluation protocol: names and values.
        pages: Pages below the folder of `file`, by the text of their links.
        picture: PNG file with examples.
        file: Path of the page.
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
    """The main table of a page, and the table of the other metrics."""

    main: Table
    others: Table

    @classmethod
    def of(cls, reports: Sequence[SplitReport]) -> "NumbersTables":
        """Build both tables from the same rows."""
        main = [column for column in COLUMNS if column not in INTERVAL_COLUMNS]
        photos = Column("images", "", lambda report: str(report.images))
        return cls(_table(reports, [*main, photos]), _table(reports, other_columns(reports)))


def _table(reports: Sequence[SplitReport], columns: Sequence[Column]) -> Table:
    """Build a table; the column of names is dropped if all rows belong to one grounder."""
    table = results_table(reports, columns).without_empty_columns()
    if len({report.name for report in reports}) > 1:
        return table
    rows = [row[1:] for row in table.rows]
    return replace(table, headings=table.headings[1:], rows=rows, names=1, align=table.align[1:])


@dataclass(frozen=True, slots=True)
class Gallery:
    """Selection of examples and sources of their images.

    Attributes:
        each: Number of examples per verdict and split.
        pictures_of: Returns the candidate images of candidate ids.
        backdrop_of: Returns the image on which the boxes of an example are drawn.
    """

    each: int
    pictures_of: PicturesOf = no_pictures
    backdrop_of: BackdropOf = no_backdrop

    @classmethod
    def of(cls, dataset: PreparedDataset | None, images: Path | None, examples: int) -> "Gallery":
        """Use the images of a dataset and of a folder if given.

        Args:
            dataset: Provides candidate images; None for a gallery without images.
            images: Folder of source images.
            examples: Number of examples per split, over all verdicts.

        Raises:
            BadInputError: If the folder `images` does not exist.
        """
        each = examples // len(Verdict)
        if dataset is None:
            return cls(each)
        return cls(each, dataset.picture_bytes, backdrops(dataset, images))

    @classmethod
    def of_photos(
        cls, photos: Mapping[int, Photo], images: ImageFolder, examples: int
    ) -> "Gallery":
        """Use source images only.

        Args:
            photos: Images by id.
            images: Their folder.
            examples: Number of examples per split, over all verdicts.
        """
        backdrop_of = photo_backdrops(photos, images)
        return cls(examples // len(Verdict), backdrop_of=backdrop_of)


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
        answered: Predictions of one grounder, one per split.
        reports: Rows of the table; only those of this grounder get charts.
        protocol: Evaluation protocol: names and values.
        shown: Selection of examples.
        folder: Output folder, also of images if the page would be too large.
        further: Tables shown after the numbers.
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
