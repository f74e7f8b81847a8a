"""The page of an evaluation: numbers, plots and examples in one file that opens anywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from vg_mc.predictions import Predictions
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.reports.album import AddressOf, write_page
from vg_mc.reports.backdrops import BackdropOf, backdrops, no_backdrop
from vg_mc.reports.examples import PicturesOf, Verdict, no_pictures
from vg_mc.reports.gallery import cards, gallery
from vg_mc.reports.page import asset, page, protocol_list
from vg_mc.reports.split_plots import chart_legend, split_plots
from vg_mc.reports.summary import headline, numbers_tables
from vg_mc.scoring import SplitReport

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
