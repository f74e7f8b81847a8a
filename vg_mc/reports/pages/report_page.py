"""The page of an evaluation: numbers, plots and examples in one file that opens anywhere.

The way into several evaluations: one table, and a link to the page of each.

The numbers of a page: accuracy in large type, then every number with its interval.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from vg_mc.predictions import Predictions
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.reports.pages.examples import (
    BackdropOf,
    PicturesOf,
    Verdict,
    backdrops,
    no_backdrop,
    no_pictures,
)
from vg_mc.reports.pages.gallery import cards, gallery
from vg_mc.reports.pages.line_plot import interval
from vg_mc.reports.pages.page import (
    AddressOf,
    asset,
    embedded,
    image,
    page,
    protocol_list,
    table,
    write_page,
)
from vg_mc.reports.pages.split_plots import chart_legend, split_plots
from vg_mc.reports.tables.columns import COLUMNS, INTERVAL_COLUMNS, Column, other_columns, percent
from vg_mc.scoring import SplitReport
from vg_mc.system.atomic import write_whole_text

_INDEX = """<p class="lead">{links}</p>
{tables}
<h2>How the numbers came about</h2>
{protocol}
<h2>Examples</h2>
<p>{picture}</p>"""


def write_index(
    title: str,
    reports: Sequence[SplitReport],
    protocol: Mapping[str, str],
    pages: Mapping[str, Path],
    picture: Path,
    file: Path,
) -> None:
    """Write a page that leads to others.

    Args:
        title: Any text.
        reports: Rows of the table.
        protocol: How the numbers came about.
        pages: By what their links are called, pages below the folder of `file`.
        picture: A PNG file with examples.
        file: The page to write.
    """
    links = [
        f'<a href="{escape(path.relative_to(file.parent).as_posix())}">{escape(name)}</a>'
        for name, path in pages.items()
    ]
    body = _INDEX.format(
        links="Plots and examples: " + " · ".join(links),
        tables=numbers_tables(reports),
        protocol=protocol_list(protocol),
        picture=image(embedded(picture.read_bytes(), "png"), "examples with their candidates"),
    )
    write_whole_text(file, page(title, body, style=asset("report.css")))


def headline(reports: Sequence[SplitReport]) -> str:
    """Show accuracy, ceiling and chance of each split."""
    return f'<div class="headline">{"".join(map(_section, reports))}</div>'


def _section(report: SplitReport) -> str:
    accuracy, ceiling = report.numbers["accuracy"], report.numbers["proposal_recall"]
    if not accuracy.of:
        return f"<section><h3>{escape(report.part)}</h3><strong>–</strong></section>"
    right = round(accuracy.value * accuracy.of)
    photos = f"{report.images:,} photo{'s' if report.images != 1 else ''}"
    between = "no interval" if math.isnan(accuracy.low) else f"{interval(accuracy)} %"
    return (
        f"<section><h3>{escape(report.part)}, IoU &gt; 0.5</h3>"
        f"<strong>{percent(accuracy.value)}&nbsp;%</strong>"
        f'<div class="bar"><b style="width:{accuracy.value:.2%}"></b>'
        f'<u style="left:{ceiling.value:.2%}"></u></div>'
        f"<small>{between}; {right:,} of {accuracy.of:,} expressions, {photos}. "
        f"Ceiling of the proposals {percent(ceiling.value)}&nbsp;%, chance "
        f"{percent(report.scores.chance)}&nbsp;%.</small></section>"
    )


def numbers_tables(reports: Sequence[SplitReport]) -> str:
    """Lay out the main table, and the other rules below it."""
    main = [column for column in COLUMNS if column not in INTERVAL_COLUMNS]
    photos = Column("photos", "", lambda report: str(report.images))
    return _table(reports, [*main, photos]) + (
        f"<details><summary>Other rules, and how good the ranking is</summary>"
        f"{_table(reports, other_columns(reports))}</details>"
    )


def _table(reports: Sequence[SplitReport], columns: Sequence[Column]) -> str:
    """Name the models only where there are several: a page has its model for a title."""
    several = len({each.name for each in reports}) > 1
    headings = [*(["model"] if several else []), "split", *(each.heading for each in columns)]
    rows = (
        ((each.name, each.part) if several else (each.part,), list(_cells(each, columns)))
        for each in reports
    )
    return table(headings, rows)


def _cells(report: SplitReport, columns: Sequence[Column]) -> Iterator[str]:
    for column in columns:
        cell, estimate = escape(column.cell(report)), report.numbers.get(column.name)
        if estimate is None or math.isnan(estimate.low):
            yield cell
            continue
        between = escape(f"{column.spell(estimate.low)}–{column.spell(estimate.high)}")
        yield f'<span title="of {estimate.of:,} expressions">{cell}</span><small>{between}</small>'


FILE_NAME = "report.html"

_BODY = """<p class="lead">{lead}</p>
{headline}
<h2>Numbers</h2>
<p class="soft">Small numbers are 95 % intervals over photos.</p>
{tables}
{further}
<h2>How they came about</h2>
{protocol}
<h2>What accuracy depends on</h2>
{plots}
<h2>Examples</h2>
{gallery}"""


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
    further: str = "",
) -> None:
    """Write ``report.html`` to `folder`.

    Args:
        answered: What one model, or an ensemble, answered to each split.
        reports: Rows of the table; those of other models, such as members, have no plots.
        protocol: How the numbers came about.
        shown: The examples.
        folder: Where the page is written, and its pictures where it would be too large.
        further: HTML that follows the numbers.
    """
    own = [report for report in reports if report.name == answered[0].name]
    examples = cards(answered, shown.each, shown.pictures_of, shown.backdrop_of)

    def render(address_of: AddressOf) -> str:
        body = _BODY.format(
            lead=escape(_lead(answered, protocol)),
            headline=headline(own),
            tables=numbers_tables(reports),
            further=further,
            protocol=protocol_list(protocol),
            plots=_plots(own),
            gallery=gallery(examples, answered, address_of),
        )
        return page(answered[0].name, body, style=asset("report.css"), script=asset("report.js"))

    write_page(render, folder / FILE_NAME)


def _lead(answered: Sequence[Predictions], protocol: Mapping[str, str]) -> str:
    count = sum(map(len, answered))
    splits = ", ".join(each.split for each in answered)
    return f"{protocol.get('corpus', 'unnamed corpus')}: {splits}, {count:,} expressions"


def _plots(own: Sequence[SplitReport]) -> str:
    """Draw the plots of each split; a script shows one of them at a time."""
    buttons = "".join(
        f'<button data-key="part" data-value="{escape(report.part)}" aria-pressed="false">'
        f"{escape(report.part)}</button>"
        for report in own
    )
    panels = "\n".join(
        f'<section data-part="{escape(report.part)}"><h3>{escape(report.part)}</h3>'
        f"{split_plots(report)}</section>"
        for report in own
    )
    tabs = f'<div class="tabs">{buttons}</div>' if len(own) > 1 else ""
    return f"{chart_legend()}{tabs}{panels}"
