"""Predictions as a value: what one model answers to one split."""

from collections.abc import Mapping, Sized
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes, paired_ious
from vg_mc.errors import BadInputError

Ids = NDArray[np.int64]

IOU_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What one model answers to one split, column by column; B expressions of C candidates each.

    Attributes:
        name: How tables call the model.
        split: The split that was answered.
        data_hash: Names the prepared dataset, pictures included.
        candidate_ids: Row numbers in that dataset's table of candidates, in the proposer's order;
            `boxes`, `ious` and `logits` keep that order. Empty where nothing was proposed.
        ious: IoU of each candidate with the target.
        scores: The detector's confidence of each candidate, 1 for an annotation.
        candidate_categories: What the proposer takes each candidate for, empty where it says
            nothing.
        rivals: Other annotations of the target's category in the photo, -1 where unknown.
        photo_sizes: Width and height of the photo in pixels.
        facts: What else a reader of the numbers should know, such as the proposals and the model.
    """

    name: str
    split: str
    data_hash: str
    expression_ids: Ids  # (B,)
    image_ids: Ids  # (B,)
    texts: list[str]
    categories: list[str]
    targets: Boxes  # (B, 4)
    candidate_ids: list[Ids]  # B arrays (C,)
    boxes: list[Boxes]  # B arrays (C, 4), pixels of the photo
    ious: list[NDArray[np.float64]]  # B arrays (C,)
    logits: list[NDArray[np.float32]]  # B arrays (C,)
    scores: list[NDArray[np.float64]]  # B arrays (C,)
    candidate_categories: list[list[str]]  # B lists of C
    rivals: Ids  # (B,)
    photo_sizes: NDArray[np.int64]  # (B, 2)
    facts: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.expression_ids)


def taken(predictions: Predictions, rows: Ids) -> Predictions:
    """Return the expressions `rows` (N,) alone, in that order."""
    at = rows.tolist()
    return replace(
        predictions,
        expression_ids=predictions.expression_ids[rows],
        image_ids=predictions.image_ids[rows],
        texts=[predictions.texts[row] for row in at],
        categories=[predictions.categories[row] for row in at],
        targets=predictions.targets[rows],
        candidate_ids=[predictions.candidate_ids[row] for row in at],
        boxes=[predictions.boxes[row] for row in at],
        ious=[predictions.ious[row] for row in at],
        logits=[predictions.logits[row] for row in at],
        scores=[predictions.scores[row] for row in at],
        candidate_categories=[predictions.candidate_categories[row] for row in at],
        rivals=predictions.rivals[rows],
        photo_sizes=predictions.photo_sizes[rows],
    )


def check(predictions: Predictions, file: Path) -> None:
    """Refuse what could not be scored, naming the first bad expression.

    Raises:
        BadInputError: If columns disagree, an expression stands twice, a number is not finite, or
            IoUs are not those of the boxes.
    """
    _check_lengths(predictions, file)
    seen: set[int] = set()
    for row, expression_id in enumerate(predictions.expression_ids.tolist()):
        problem = "stands there twice" if expression_id in seen else _problem(predictions, row)
        if problem is not None:
            raise BadInputError(problem, file=file, record=f"expression {expression_id}")
        seen.add(expression_id)
    _check_ious(predictions, file)


def _check_ious(predictions: Predictions, file: Path) -> None:
    """Hold the IoUs, on which all numbers rest, against the boxes beside them."""
    counts = [len(row) for row in predictions.ious]
    boxes = np.concatenate([np.empty((0, 4)), *predictions.boxes])
    stored = np.concatenate([np.empty(0), *predictions.ious])
    expected = paired_ious(boxes, np.repeat(predictions.targets, counts, axis=0))
    wrong = np.flatnonzero(np.abs(stored - expected) > IOU_TOLERANCE)
    if wrong.size:
        first = int(wrong[0])
        row = int(np.searchsorted(np.cumsum(counts), first, side="right"))
        problem = f"an IoU of {stored[first]:.6g}, but box and target have {expected[first]:.6g}"
        record = f"expression {predictions.expression_ids[row]}"
        raise BadInputError(problem, file=file, record=record)


def _check_lengths(predictions: Predictions, file: Path) -> None:
    columns: dict[str, Sized] = {
        "image_ids": predictions.image_ids,
        "texts": predictions.texts,
        "categories": predictions.categories,
        "targets": predictions.targets,
        "candidate_ids": predictions.candidate_ids,
        "boxes": predictions.boxes,
        "ious": predictions.ious,
        "logits": predictions.logits,
        "scores": predictions.scores,
        "candidate_categories": predictions.candidate_categories,
        "rivals": predictions.rivals,
        "photo_sizes": predictions.photo_sizes,
    }
    for name, column in columns.items():
        if len(column) != len(predictions):
            problem = f"{len(column)} {name} for {len(predictions)} expressions"
            raise BadInputError(problem, file=file)


def _problem(predictions: Predictions, row: int) -> str | None:
    """Say what is wrong with an expression and its candidates, None if nothing is."""
    boxes, ious = predictions.boxes[row], predictions.ious[row]
    logits, scores = predictions.logits[row], predictions.scores[row]
    candidates, categories = predictions.candidate_ids[row], predictions.candidate_categories[row]
    if {len(each) for each in (boxes, ious, logits, scores, categories)} != {len(candidates)}:
        return (
            f"{len(candidates)} candidates, but {len(boxes)} boxes, {len(ious)} IoUs, "
            f"{len(logits)} logits, {len(scores)} scores and {len(categories)} categories"
        )
    if not np.isfinite(logits).all():
        return f"logits must be finite, not {_first_infinite(logits)}"
    if not np.isfinite(scores).all():
        return "scores must be finite"
    if not (np.isfinite(boxes).all() and np.isfinite(predictions.targets[row]).all()):
        return "boxes must be finite"
    if not ((ious >= 0) & (ious <= 1)).all():
        return "an IoU must lie between 0 and 1"
    if not (predictions.photo_sizes[row] > 0).all():
        width, height = predictions.photo_sizes[row]
        return f"a photo of {width}x{height} pixels cannot be"
    return None


def _first_infinite(logits: NDArray[np.float32]) -> str:
    place = int(np.flatnonzero(~np.isfinite(logits))[0])
    return f"{logits[place]} at candidate {place}"
