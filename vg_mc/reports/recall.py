"""Proposal recall over the number of proposals: a plot, and the same as a table."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from vg_mc.reports.tables.columns import percent
from vg_mc.reports.tables.escaping import markdown
from vg_mc.scoring.proposal_recall import ProposalRecall
from vg_mc.system.atomic import whole_file, write_whole_text

TABLED = (1, 5, 10, 20, 50)  # proposals


def write_recalls(recalls: Sequence[ProposalRecall], folder: Path) -> None:
    """Write ``recall.png``, ``recall.md`` and, with every point of the curves, ``recall.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole_text(folder / "recall.md", recall_table(recalls))
    write_whole_text(folder / "recall.csv", _points(recalls))
    _plot(recalls, folder / "recall.png")


def recall_table(recalls: Sequence[ProposalRecall]) -> str:
    """Spell the recall of the best proposals of each dataset, in percent, as Markdown."""
    best = [f"best {count}" for count in TABLED]
    heads = ["proposals", "boxes per image", *best, "all", "from", "to", "expressions", "images"]
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *map(_cells, recalls)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cells(recall: ProposalRecall) -> list[str]:
    every = recall.curve.estimates[-1]
    return [
        markdown(recall.name),
        f"{recall.boxes_per_image:.1f}",
        *(percent(recall.at(count).value) for count in TABLED),
        *(percent(share) for share in (every.value, every.low, every.high)),
        f"{recall.expressions:,}",
        f"{recall.images:,}",
    ]


def _points(recalls: Sequence[ProposalRecall]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "proposals", "recall", "low", "high", "expressions"])
    writer.writerows(row for recall in recalls for row in _rows(recall))
    return text.getvalue()


def _rows(recall: ProposalRecall) -> Iterator[list[object]]:
    for count, each in zip(recall.curve.at, recall.curve.estimates, strict=True):
        shares = (f"{share:.4f}" for share in (each.value, each.low, each.high))
        yield [recall.name, int(count), *shares, each.of]


def _plot(recalls: Sequence[ProposalRecall], picture: Path) -> None:
    # Not pyplot: it would keep every figure of the process and ask for a display.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), dpi=110, layout="constrained")
    axes = figure.subplots()
    for recall in recalls:
        at, estimates = recall.curve.at, recall.curve.estimates
        values, low, high = zip(
            *((each.value, each.low, each.high) for each in estimates), strict=True
        )
        (line,) = axes.plot(at, values, marker="o", markersize=3, label=recall.name)
        axes.fill_between(at, low, high, color=line.get_color(), alpha=0.1)
    axes.set_xscale("symlog", linthresh=1)  # a log scale with a place for none
    ticks = [count for count in (1, 2, 5, 10, 20, 50, 100, 300) if count <= axes.get_xlim()[1]]
    axes.set_xticks(ticks, [str(count) for count in ticks])
    axes.set_ylim(0, 1)
    axes.set_xlabel("proposals of a photo, best first")
    axes.set_ylabel("expressions with a right one (IoU > 0.5)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="lower right")
    with whole_file(picture) as partial:
        figure.savefig(partial, format="png", metadata={"Software": None})
