"""The learning curve of a run: loss over steps, validation accuracy over epochs.

What a split of a prepared dataset looks like as a whole: three histograms.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vg_mc.metrics import RIGHT_ABOVE
from vg_mc.prepared.dataset import Expressions
from vg_mc.system.atomic import whole_file

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
    _draw_curve(loss, losses(records), "step", "training loss")
    _draw_curve(accuracy, accuracies(records), "epoch", "accuracy on val (IoU > 0.5)")
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


def _draw_curve(axes: "Axes", points: Sequence[Point], across: str, upward: str) -> None:
    steps, values = zip(*points, strict=True) if points else ((), ())
    # A curve of few points is hard to see without its points.
    axes.plot(steps, values, marker="o" if len(points) <= 30 else "", markersize=4)
    if not points:
        axes.text(0.5, 0.5, "nothing recorded", ha="center", transform=axes.transAxes)
    axes.set_xlabel(across)
    axes.set_ylabel(upward)
    axes.grid(alpha=0.3)


IOU_BINS = np.linspace(0, 1, 21)
MOST_BINS = 40


def boxes_per_photo(expressions: Expressions) -> NDArray[np.int64]:
    """How many candidates each photo has, which all of its expressions share."""
    counts = [len(ids) for ids in expressions.candidate_ids]
    of_photo = dict(zip(expressions.image_ids.tolist(), counts, strict=True))
    return np.array(list(of_photo.values()), dtype=np.int64)


def best_ious(expressions: Expressions) -> NDArray[np.float64]:
    """IoU of the best candidate of each expression with the target, 0 where it has none."""
    return np.array([ious.max(initial=0.0) for ious in expressions.ious], dtype=np.float64)


def sentence_lengths(expressions: Expressions) -> NDArray[np.int64]:
    """How many words each expression has."""
    return np.array([len(text.split()) for text in expressions.texts], dtype=np.int64)


def plot_distributions(expressions: Expressions) -> bytes:
    """Draw boxes per photo, IoU of the best candidate and sentence length as a PNG file."""
    # Not pyplot: it would keep every figure of the process and ask for a display.
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(11, 3), dpi=110, layout="constrained")
    boxes, ious, words = figure.subplots(1, 3)
    counts, lengths = boxes_per_photo(expressions), sentence_lengths(expressions)
    _draw_histogram(boxes, counts, _whole_bins(counts), "boxes per photo", "photos")
    _draw_histogram(ious, best_ious(expressions), IOU_BINS, "IoU of the best box", "expressions")
    ious.axvline(RIGHT_ABOVE, color="black", linestyle=":")  # what lies left cannot be answered
    _draw_histogram(words, lengths, _whole_bins(lengths), "words", "expressions")
    for whole in (boxes.xaxis, boxes.yaxis, ious.yaxis, words.xaxis, words.yaxis):
        whole.set_major_locator(MaxNLocator(integer=True))
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def _whole_bins(values: NDArray[np.int64]) -> NDArray[np.float64]:
    """Bins around whole numbers, wider ones where there are very many of them."""
    most = int(values.max(initial=1))
    width = -(-(most + 1) // MOST_BINS)
    return np.arange(0, most + width + 1, width, dtype=np.float64) - 0.5


def _draw_histogram(
    axes: "Axes",
    values: NDArray[np.int64] | NDArray[np.float64],
    bins: NDArray[np.float64],
    across: str,
    upward: str,
) -> None:
    axes.hist(values, bins=bins.tolist(), color="#3a7ab8")
    if not len(values):
        axes.text(0.5, 0.5, "nothing", ha="center", transform=axes.transAxes)
    axes.set_xlabel(across)
    axes.set_ylabel(upward)
    axes.grid(alpha=0.3)
