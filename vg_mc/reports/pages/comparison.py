"""The page of results side by side: bars, the tables, and how to read them."""

from pathlib import Path

from vg_mc.reports.pages.charts import Bars
from vg_mc.reports.pages.page import render_page
from vg_mc.reports.tables.side_by_side import SideBySide
from vg_mc.system.atomic import write_whole_text

TITLE = "Results side by side"


def write_comparison_page(shown: SideBySide, folder: Path) -> None:
    """Write ``comparison.html`` to `folder`."""
    write_whole_text(folder / "comparison.html", comparison_page(shown))


def comparison_page(shown: SideBySide) -> str:
    """Render bars and tables as a page that holds everything itself."""
    return render_page(
        "comparison.html.j2",
        TITLE,
        styles=["report.css", "comparison.css"],
        lead=f"{shown.notes.get('corpus', 'unknown')}: {', '.join(shown.bars)}",
        charts=[Bars.of(split, groups, len(groups)) for split, groups in shown.bars.items()],
        tables=shown.tables,
        notes=shown.notes,
    )
