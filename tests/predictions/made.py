"""Predictions that tests make up or change."""

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from vg_mc.predictions import (
    Choices,
    Examples,
    PredictedBoxes,
    Predictions,
    Provenance,
    outcomes,
)
from vg_mc.proposers.description import ProposerDescription
from vg_mc.scoring import SplitScores, split_scores


def proposed_by(kind: str, **settings: object) -> ProposerDescription:
    """Describe a proposer, or a union of kinds joined by +."""
    kinds = tuple(kind.split("+"))
    return ProposerDescription(kinds, [{"kind": one} | settings for one in kinds])


def changed(
    predictions: Predictions, candidate_categories: object = None, **columns: object
) -> Predictions:
    """Replace columns of examples or answers, or entries of the provenance, by their names."""
    parts, unknown = {}, set(columns)
    for name in ("examples", "provenance", "answers"):  # both tables have categories
        part = getattr(predictions, name)
        known = {field.name for field in fields(part)} & unknown
        parts[name] = replace(part, **{column: columns[column] for column in known})
        unknown -= known
    assert not unknown, unknown
    if candidate_categories is not None:
        parts["answers"] = replace(parts["answers"], categories=candidate_categories)
    return replace(predictions, **parts)


def with_ious(ious: Sequence[Sequence[float]], logits: Sequence[Sequence[float]]) -> Predictions:
    """Make up choices whose candidates have these IoUs: a part of a target of side 1 each."""
    count = len(ious)
    boxes = [np.array([[0, 0, iou, 1] for iou in row], np.float64).reshape(-1, 4) for row in ious]
    examples = Examples(
        expression_ids=np.arange(count),
        texts=[f"text {row}" for row in range(count)],
        image_ids=np.arange(count),
        targets=np.tile([0.0, 0.0, 1.0, 1.0], (count, 1)),
        categories=[""] * count,
        distractors=np.full(count, -1),
        image_sizes=np.full((count, 2), 9),
    )
    choices = Choices(
        candidate_ids=[np.arange(len(row)) for row in ious],
        boxes=boxes,
        logits=[np.array(row, np.float32) for row in logits],
        scores=[np.ones(len(row)) for row in ious],
        categories=[[""] * len(row) for row in ious],
    )
    return Predictions(examples, choices, Provenance("tiny", "val", "0123"))


def moved_targets(predictions: Predictions, *, seed: int = 0) -> Predictions:
    """Predict boxes for the same expressions: moved targets, and none for each fifth one."""
    generator = np.random.default_rng(seed)
    targets, count = predictions.examples.targets, len(predictions)
    sides = np.tile(targets[:, 2:] - targets[:, :2], 2)
    boxes = targets + generator.normal(0, 0.2, (count, 4)) * sides
    boxes[::5] = np.nan
    confidences = np.where(np.isnan(boxes[:, 0]), np.nan, generator.uniform(size=count))
    provenance = replace(predictions.provenance, name="boxes", proposals=None, notes={})
    return Predictions(predictions.examples, PredictedBoxes(boxes, confidences), provenance)


def ranked_boxes(predictions: Predictions) -> Predictions:
    """Predict boxes like `moved_targets`, each followed by the target itself."""
    moved = moved_targets(predictions)
    ranked = [
        np.stack([box, target]) if np.isfinite(box).all() else np.empty((0, 4))
        for box, target in zip(moved.answers.boxes, moved.examples.targets, strict=True)
    ]
    return replace(moved, answers=replace(moved.answers, ranked=ranked))


def scores_of(predictions: Predictions) -> SplitScores:
    """Return the numbers of the main table."""
    return split_scores(outcomes(predictions))


def ious_of(predictions: Predictions) -> list[np.ndarray]:
    """Return the IoU of each candidate with the target."""
    return outcomes(predictions).candidates.ious
