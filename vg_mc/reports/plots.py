"""Matplotlib plots as PNG files: learning curves, distributions, proposal recall and studies.

Equal numbers give equal bytes.
"""

import io
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vg_mc.metrics import RIGHT_ABOVE
from vg_mc.prepared.dataset import Expressions
from vg_mc.scoring.proposal_recall import ProposalRecall
from vg_mc.system.atomic import whole_file
from vg_mc.training.tuning.space import Range, Space

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from vg_mc.training.tuning.study import Trial  # its module imports torch

Record = Mapping[str, Any]
Point = tuple[float, float]


def _figure(width: float, height: float, *, dpi: int) -> "Figure":
    """Return an empty figure of `width` x `height` inches.

    pyplot is avoided: it keeps every figure of the process and may need a display.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=dpi, layout="constrained")


def _png(figure: "Figure") -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})  # without the version
    return picture.getvalue()


def _write(figure: "Figure", picture: Path) -> None:
    with whole_file(picture) as partial:
        partial.write_bytes(_png(figure))


def write_learning_curves(records: Sequence[Record], picture: Path) -> None:
    """Plot the records of ``metrics.jsonl`` of a run as a PNG file.

    A record with a split is a validation; any other record with a loss is a training step.
    """
    from matplotlib.ticker import MaxNLocator

    figure = _figure(9, 3.2, dpi=120)
    loss, accuracy = figure.subplots(1, 2)
    _draw_curve(loss, losses(records), "step", "training loss")
    _draw_curve(accuracy, accuracies(records), "epoch", "accuracy on val (IoU > 0.5)")
    accuracy.set_ylim(0, 1)
    accuracy.xaxis.set_major_locator(MaxNLocator(integer=True))
    _write(figure, picture)


def losses(records: Sequence[Record]) -> list[Point]:
    """Return training loss by step; of a step repeated after a resume, the last one counts."""
    training = [record for record in records if "loss" in record and "split" not in record]
    taken = {record["step"]: record["loss"] for record in training}
    return sorted(taken.items())


def accuracies(records: Sequence[Record]) -> list[Point]:
    """Return validation accuracy by epoch; of two validations of an epoch, the last one counts."""
    taken = {
        record["epoch"]: record["accuracy"] for record in records if record.get("split") == "val"
    }
    return sorted(taken.items())


def _draw_curve(axes: "Axes", points: Sequence[Point], across: str, upward: str) -> None:
    steps, values = zip(*points, strict=True) if points else ((), ())
    # Curves of few points are hard to see without markers.
    axes.plot(steps, values, marker="o" if len(points) <= 30 else "", markersize=4)
    if not points:
        axes.text(0.5, 0.5, "nothing recorded", ha="center", transform=axes.transAxes)
    axes.set_xlabel(across)
    axes.set_ylabel(upward)
    axes.grid(alpha=0.3)


IOU_BINS = np.linspace(0, 1, 21)
MOST_BINS = 40


def boxes_per_photo(expressions: Expressions) -> NDArray[np.int64]:
    """Return the number of candidates of each image; all expressions of an image share them."""
    counts = [len(ids) for ids in expressions.candidate_ids]
    of_photo = dict(zip(expressions.image_ids.tolist(), counts, strict=True))
    return np.array(list(of_photo.values()), dtype=np.int64)


def best_ious(expressions: Expressions) -> NDArray[np.float64]:
    """Return the IoU of the best candidate of each expression with the target, 0 without any."""
    return np.array([ious.max(initial=0.0) for ious in expressions.ious], dtype=np.float64)


def sentence_lengths(expressions: Expressions) -> NDArray[np.int64]:
    """Return the number of words of each expression."""
    return np.array([len(text.split()) for text in expressions.texts], dtype=np.int64)


def plot_distributions(expressions: Expressions) -> bytes:
    """Plot boxes per image, IoU of the best candidate and words per expression as a PNG file."""
    from matplotlib.ticker import MaxNLocator

    figure = _figure(11, 3, dpi=110)
    boxes, ious, words = figure.subplots(1, 3)
    counts, lengths = boxes_per_photo(expressions), sentence_lengths(expressions)
    _draw_histogram(boxes, counts, _whole_bins(counts), "boxes per image", "images")
    _draw_histogram(ious, best_ious(expressions), IOU_BINS, "IoU of the best box", "expressions")
    ious.axvline(RIGHT_ABOVE, color="black", linestyle=":")  # no correct candidate below
    _draw_histogram(words, lengths, _whole_bins(lengths), "words", "expressions")
    for whole in (boxes.xaxis, boxes.yaxis, ious.yaxis, words.xaxis, words.yaxis):
        whole.set_major_locator(MaxNLocator(integer=True))
    return _png(figure)


def _whole_bins(values: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return bin edges around whole numbers; bins are wider for a large range."""
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


def write_recall_curves(recalls: Sequence[ProposalRecall], picture: Path) -> None:
    """Plot proposal recall by number of proposals, with its interval, as a PNG file."""
    figure = _figure(7, 4.2, dpi=110)
    axes = figure.subplots()
    for recall in recalls:
        at, estimates = recall.curve.at, recall.curve.estimates
        values, low, high = zip(
            *((each.value, each.low, each.high) for each in estimates), strict=True
        )
        (line,) = axes.plot(at, values, marker="o", markersize=3, label=recall.name)
        axes.fill_between(at, low, high, color=line.get_color(), alpha=0.1)
    axes.set_xscale("symlog", linthresh=1)  # a log scale that includes 0
    ticks = [count for count in (1, 2, 5, 10, 20, 50, 100, 300) if count <= axes.get_xlim()[1]]
    axes.set_xticks(ticks, [str(count) for count in ticks])
    axes.set_ylim(0, 1)
    axes.set_xlabel("number of proposals per image, best first")
    axes.set_ylabel("proposal recall (IoU > 0.5)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="lower right")
    _write(figure, picture)


TRIAL_COLORS = {"complete": "tab:blue", "pruned": "tab:orange", "failed": "tab:red"}


def write_study_picture(trials: "Sequence[Trial]", space: Space, picture: Path) -> None:
    """Plot the best accuracy so far by trial, and accuracy by value of each searched flag."""
    known = [trial for trial in trials if trial.accuracy is not None]
    figure = _figure(4 * (1 + len(space)), 3.2, dpi=120)
    history, *panels = figure.subplots(1, 1 + len(space), squeeze=False)[0]
    _scatter(history, known, {trial.number: trial.number for trial in known})
    finished = [trial for trial in known if trial.state == "complete"]
    best = accumulate((trial.accuracy or 0.0 for trial in finished), max)
    history.step([trial.number for trial in finished], list(best), where="post", color="tab:blue")
    history.set_xlabel("trial")
    history.set_ylabel("accuracy on val (IoU > 0.5)")
    for panel, (name, each) in zip(panels, space.items(), strict=True):
        _scatter(panel, known, {trial.number: _place(trial, name, space) for trial in known})
        panel.set_xlabel(name)
        if isinstance(each, Range):
            panel.set_xscale("log" if each.logarithmic else "linear")
        else:
            panel.set_xticks(range(len(each.values)), [str(value) for value in each.values])
    if known:
        history.legend(loc="lower right", fontsize="small")
    _write(figure, picture)


def _scatter(axes: "Axes", trials: "Sequence[Trial]", places: Mapping[int, float]) -> None:
    for state, colour in TRIAL_COLORS.items():
        ours = [trial for trial in trials if trial.state == state]
        if ours:
            across = [places[trial.number] for trial in ours]
            upward = [trial.accuracy or 0.0 for trial in ours]
            axes.scatter(across, upward, s=20, color=colour, label=state)
    axes.grid(alpha=0.3)


def _place(trial: "Trial", name: str, space: Space) -> float:
    value, each = trial.values[name], space[name]
    if isinstance(each, Range):
        return float(value)
    return float(each.values.index(value))
