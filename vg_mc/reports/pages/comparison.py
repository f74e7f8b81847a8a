"""The HTML page of a comparison: bar charts, tables and notes."""

from pathlib import Path

from vg_mc.reports.pages.charts import Bars
from vg_mc.reports.pages.page import render_page
from vg_mc.reports.tables.side_by_side import SideBySide
from vg_mc.system.atomic import write_whole_text

TITLE = "Comparison of results"


def write_comparison_page(shown: SideBySide, folder: Path) -> None:
    """Write ``comparison.html`` to `folder`."""
    write_whole_text(folder / "comparison.html", comparison_page(shown))


def comparison_page(shown: SideBySide) -> str:
    """Render bar charts, tables and notes as one self-contained page."""
    return render_page(
        "comparison.html.j2",
        TITLE,
        styles=["report.css", "comparison.css"],
        lead=f"{shown.notes.get('corpus', 'unknown')}: {', '.join(shown.bars)}",
        charts=[Bars.of(split, groups, len(groups)) for split, groups in shown.bars.items()],
        tables=shown.tables,
        notes=shown.notes,
    )
