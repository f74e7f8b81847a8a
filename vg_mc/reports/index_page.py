"""The way into several evaluations: one table, and a link to the page of each."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from vg_mc.reports.page import asset, embedded, image, page, protocol_list
from vg_mc.reports.summary import numbers_tables
from vg_mc.scoring import SplitReport
from vg_mc.whole_files import write_whole_text

_BODY = """<p class="lead">{links}</p>
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
    body = _BODY.format(
        links="Plots and examples: " + " · ".join(links),
        tables=numbers_tables(reports),
        protocol=protocol_list(protocol),
        picture=image(embedded(picture.read_bytes(), "png"), "examples with their candidates"),
    )
    write_whole_text(file, page(title, body, style=asset("report.css")))
