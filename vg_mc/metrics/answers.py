"""From logits to numbers: which candidate was chosen, and how often it was right.

An answer is right when its IoU with the target exceeds 0.5, as in CPT, UNITER and ReCLIP. Half of
the field counts an IoU of exactly 0.5 as well, so that number always stands beside the first.
Every expression of a split is in the denominator: one without proposals is wrong, not left out,
since leaving it out would reward a detector for finding nothing.

The rules of the field for when a box is right, each as a value per expression.

Papers differ in the IoU that they ask for, and MDETR's evaluation asks for a generalised IoU, which
is stricter. The mean of each of these columns is the number of that name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RIGHT_ABOVE = 0.5

Floats = NDArray[np.floating]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SplitScores:
    """How well a split was answered. A share of nothing is NaN, as in an empty split.

    Attributes:
        expressions: Expressions of the split, all of them; divides every share but one.
        covered: Expressions with a candidate that would be right.
        without_proposals: Expressions without any candidate.
        accuracy: Share of answers with an IoU > 0.5.
        accuracy_at_least: Share of answers with an IoU >= 0.5.
        accuracy_where_covered: Share of right answers among the `covered` expressions.
        mean_iou: Mean IoU of the answers, 0 where there is none.
        proposal_recall: Share of `covered` expressions: no choice can be right more often.
        chance: Expected accuracy of a uniformly random choice.
        mean_candidates: Candidates per expression.
    """

    expressions: int
    covered: int
    without_proposals: int
    accuracy: float
    accuracy_at_least: float
    accuracy_where_covered: float
    mean_iou: float
    proposal_recall: float
    chance: float
    mean_candidates: float


def is_right(ious: Floats) -> Flags:
    """Apply the rule of all accuracies: IoU > 0.5."""
    return np.asarray(ious > RIGHT_ABOVE)


def is_right_at_least(ious: Floats) -> Flags:
    """Apply the rule of the other half of the field: IoU >= 0.5."""
    return np.asarray(ious >= RIGHT_ABOVE)


def predicted_index(logits: Floats) -> int:
    """Return the position of the highest logit, the first of equals; -1 without candidates.

    Raises:
        ValueError: If a logit is NaN, since argmax would choose it.
    """
    if not logits.size:
        return -1
    if np.isnan(logits).any():
        raise ValueError(
            f"logits must be numbers, but logit {int(np.isnan(logits).argmax())} is NaN"
        )
    return int(logits.argmax())


def predicted_ious(
    ious: Sequence[Floats],  # B arrays (C,)
    logits: Sequence[Floats],  # B arrays (C,)
) -> NDArray[np.float64]:
    """IoU of each expression's answer with its target, shape (B,); 0 without candidates."""
    return np.array(
        [_chosen(row_ious, row) for row_ious, row in zip(ious, logits, strict=True)],
        dtype=np.float64,
    )


def covered(ious: Sequence[Floats]) -> Flags:
    """Say for each expression whether some candidate would be right, shape (B,)."""
    return np.array([is_right(row).any() for row in ious], dtype=np.bool_)


def summarize(
    ious: Sequence[Floats],  # B arrays (C,): of each candidate with the expression's target
    logits: Sequence[Floats],  # B arrays (C,)
) -> SplitScores:
    """Score the answers to all expressions of a split."""
    answers = predicted_ious(ious, logits)
    right, coverable = is_right(answers), covered(ious)
    counts = np.array([len(row) for row in ious], dtype=np.int64)
    lucky = np.array([is_right(row).mean() if len(row) else 0.0 for row in ious])
    return SplitScores(
        expressions=len(answers),
        covered=int(coverable.sum()),
        without_proposals=int((counts == 0).sum()),
        accuracy=_mean(right),
        accuracy_at_least=_mean(is_right_at_least(answers)),
        accuracy_where_covered=_mean(right[coverable]),
        mean_iou=_mean(answers),
        proposal_recall=_mean(coverable),
        chance=_mean(lucky),
        mean_candidates=_mean(counts),
    )


def _chosen(ious: Floats, logits: Floats) -> float:
    if len(ious) != len(logits):
        raise ValueError(f"{len(ious)} IoUs do not belong to {len(logits)} logits")
    index = predicted_index(logits)
    return 0.0 if index < 0 else float(ious[index])


def _mean(values: Floats | Flags | NDArray[np.int64]) -> float:
    return float(values.mean()) if values.size else float("nan")


THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))  # 0.05 to 0.95
NAMED_THRESHOLDS = (0.1, 0.3, 0.7, 0.75, 0.9)
MEAN_OVER = tuple(threshold for threshold in THRESHOLDS if threshold >= RIGHT_ABOVE)
GIOU_AT_LEAST = 0.5

Values = NDArray[np.float64]


def localization(
    ious: Values,  # (B,)
    gious: Values,  # (B,)
) -> dict[str, Values]:
    """Judge boxes by their IoUs with the targets by every rule, each value between 0 and 1."""
    over = np.array([ious > threshold for threshold in MEAN_OVER], dtype=np.float64)
    rules = {
        "accuracy": is_right(ious),
        "accuracy_at_least": is_right_at_least(ious),
        **{f"accuracy@{above}": ious > above for above in NAMED_THRESHOLDS},
        "mean_accuracy": over.mean(axis=0),
        "giou_accuracy": gious >= GIOU_AT_LEAST,
        "mean_iou": ious,
    }
    return {name: np.asarray(values, dtype=np.float64) for name, values in rules.items()}
