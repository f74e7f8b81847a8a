"""Tables of proposal recall by number of proposals; ``plots`` draws the same numbers."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from vg_mc.reports.plots import write_recall_curves
from vg_mc.reports.tables.columns import percent
from vg_mc.reports.tables.formats import csv_table, markdown_table
from vg_mc.reports.tables.table import Table
from vg_mc.scoring.proposal_recall import ProposalRecall
from vg_mc.system.atomic import write_whole_text

TABLED = (1, 5, 10, 20, 50)  # proposals


def write_recalls(recalls: Sequence[ProposalRecall], folder: Path) -> None:
    """Write ``recall.png``, ``recall.md``, and ``recall.csv`` with every point of the curves."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole_text(folder / "recall.md", markdown_table(recall_table(recalls)) + "\n")
    write_whole_text(folder / "recall.csv", csv_table(_points(recalls)))
    write_recall_curves(recalls, folder / "recall.png")


def recall_table(recalls: Sequence[ProposalRecall]) -> Table:
    """Return a table of the recall of the best N proposals of each dataset, in percent."""
    best = [f"best {count}" for count in TABLED]
    headings = ["proposals", "boxes per image", *best, "all", "from", "to", "expressions", "images"]
    rows = [_cells(recall) for recall in recalls]
    return Table(headings, rows, align="l" + "r" * (len(headings) - 1))


def _cells(recall: ProposalRecall) -> list[str]:
    every = recall.curve.estimates[-1]
    return [
        recall.name,
        f"{recall.boxes_per_image:.1f}",
        *(percent(recall.at(count).value) for count in TABLED),
        *(percent(share) for share in (every.value, every.low, every.high)),
        f"{recall.expressions:,}",
        f"{recall.images:,}",
    ]


def _points(recalls: Sequence[ProposalRecall]) -> Table:
    headings = ["name", "proposals", "recall", "low", "high", "expressions"]
    rows = [row for recall in recalls for row in _rows(recall)]
    return Table(headings, rows, align="lrrrrr")


def _rows(recall: ProposalRecall) -> Iterator[list[str]]:
    for count, each in zip(recall.curve.at, recall.curve.estimates, strict=True):
        shares = (f"{share:.4f}" for share in (each.value, each.low, each.high))
        yield [recall.name, str(int(count)), *shares, str(each.of)]
