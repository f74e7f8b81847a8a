"""The learning curve of a run: loss over steps, validation accuracy over epochs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vg_mc.whole_files import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Record = Mapping[str, Any]
Point = tuple[float, float]


def write_learning_curves(records: Sequence[Record], picture: Path) -> None:
    """Draw the records of a run's ``metrics.jsonl`` as a PNG file.

    A record with a split is a validation, any other one with a loss is a training step.
    """
    # Not pyplot: it would keep every figure of the process and ask for a display.
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9, 3.2), dpi=120, layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    _draw(loss, losses(records), "step", "training loss")
    _draw(accuracy, accuracies(records), "epoch", "accuracy on val (IoU > 0.5)")
    accuracy.set_ylim(0, 1)
    accuracy.xaxis.set_major_locator(MaxNLocator(integer=True))
    with whole_file(picture) as partial:
        figure.savefig(partial, metadata={"Software": None})  # the same bytes in any version


def losses(records: Sequence[Record]) -> list[Point]:
    """Training loss by step; a resumed run may have taken a step twice, the last counts."""
    training = [record for record in records if "loss" in record and "split" not in record]
    taken = {record["step"]: record["loss"] for record in training}
    return sorted(taken.items())


def accuracies(records: Sequence[Record]) -> list[Point]:
    """Validation accuracy by epoch; of two validations of one epoch the last counts."""
    taken = {
        record["epoch"]: record["accuracy"] for record in records if record.get("split") == "val"
    }
    return sorted(taken.items())


def _draw(axes: "Axes", points: Sequence[Point], across: str, upward: str) -> None:
    steps, values = zip(*points, strict=True) if points else ((), ())
    # A curve of few points is hard to see without its points.
    axes.plot(steps, values, marker="o" if len(points) <= 30 else "", markersize=4)
    if not points:
        axes.text(0.5, 0.5, "nothing recorded", ha="center", transform=axes.transAxes)
    axes.set_xlabel(across)
    axes.set_ylabel(upward)
    axes.grid(alpha=0.3)
