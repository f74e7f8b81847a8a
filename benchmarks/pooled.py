"""Tables of stored evaluations with all splits pooled, for splits that are too small.

    python -m benchmarks.pooled results/yolov8n results/yolo26m

prints one row for each grounder below these folders: the accuracy on each split and on all
expressions together, and the proposal recall. ``--against NAME`` adds the difference to the
grounder of that name below the same folder, in percentage points. Use it only for grounders trained
on none of the splits.
"""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isnan
from pathlib import Path

import numpy as np

from vg_mc.metrics.resampling import Estimate
from vg_mc.predictions import FILE_NAME, Predictions, read_evaluation, usual_order
from vg_mc.predictions.columns import Table, declared
from vg_mc.scoring import score
from vg_mc.scoring.comparison import compare


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table of all evaluations in the folders of `argv`."""
    parser = ArgumentParser(prog="python -m benchmarks.pooled", allow_abbrev=False)
    parser.add_argument("folders", nargs="+", type=Path, help="evaluations of the same splits")
    parser.add_argument("--against", default="", help="the grounder to compare with")
    asked = parser.parse_args(argv)
    print("\n".join(table_of(asked.folders, asked.against)))


def table_of(folders: Sequence[Path], against: str = "") -> Iterator[str]:
    """Yield the lines of a Markdown table; rows contain the name of their folder."""
    found = [(folder.name, read_evaluation(home)) for folder in folders for home in _homes(folder)]
    splits = usual_order({split: None for _, one in found for split in one})
    further = [f"less {against}"] if against else []
    yield _line(["proposals", "model", *splits, "all", "recall", *further])
    yield _line(["---", "---", *("---:" for _ in [*splits, "all", "recall", *further])])
    rivals = {folder: joined(list(one.values())) for folder, one in found if _name(one) == against}
    for folder, evaluation in found:
        parts = [evaluation[split] for split in splits if split in evaluation]
        everything = score(joined(parts)).numbers
        each = [
            shown(score(evaluation[split]).numbers["accuracy"]) if split in evaluation else "–"
            for split in splits
        ]
        recall = f"{100 * everything['proposal_recall'].value:.1f}"
        gain = [_gain(joined(parts), rivals.get(folder)) for _ in further]
        yield _line([folder, parts[0].name, *each, shown(everything["accuracy"]), recall, *gain])


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Concatenate the predictions of one grounder on several splits as the split "all"."""
    together = replace(
        parts[0],
        examples=_joined([part.examples for part in parts]),
        answers=_joined([part.answers for part in parts]),
    )
    return replace(together, provenance=replace(parts[0].provenance, split="all"))


def _joined(tables: Sequence[Table]) -> Table:
    columns: dict[str, object] = {}
    for name in declared(tables[0]):
        values = [getattr(table, name) for table in tables]
        if isinstance(values[0], np.ndarray):
            columns[name] = np.concatenate(values)
        else:
            columns[name] = [entry for value in values for entry in value]
    return replace(tables[0], **columns)


def shown(estimate: Estimate) -> str:
    """Format a share in percent with its interval over images, if there is one."""
    if isnan(estimate.low):
        return f"{100 * estimate.value:.1f}"
    return f"{100 * estimate.value:.1f} ({100 * estimate.low:.0f} to {100 * estimate.high:.0f})"


def _gain(one: Predictions, rival: Predictions | None) -> str:
    """Format the gain of `one` over `rival` on the same expressions, with its interval."""
    if rival is None or rival.name == one.name:
        return "–"
    gain = compare(one, rival).difference
    spelled = f"{100 * gain.value:+.1f}"
    if isnan(gain.low):
        return spelled
    return f"{spelled} ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"


def _name(evaluation: Mapping[str, Predictions]) -> str:
    return next(iter(evaluation.values())).name


def _homes(folder: Path) -> list[Path]:
    return sorted({file.parent.parent for file in folder.rglob(FILE_NAME)})


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
