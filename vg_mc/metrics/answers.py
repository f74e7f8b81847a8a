"""Choice of the answer, and the rules by which a box is correct.

An answer is correct if its IoU with the target exceeds 0.5, as in CPT, UNITER and ReCLIP. Other
papers also count an IoU of exactly 0.5, so that number is always reported with the first. Every
expression of a split is in the denominator: one without proposals counts as wrong, since leaving it
out would reward a detector that finds nothing.

Papers use several IoU thresholds, and MDETR's evaluation a threshold on the generalized IoU, which
is stricter. Each metric is the mean of the column of that name.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RIGHT_ABOVE = 0.5

Floats = NDArray[np.floating]
Flags = NDArray[np.bool_]


def is_right(ious: Floats) -> Flags:
    """Return True where the IoU exceeds 0.5, the rule of the main accuracy."""
    return np.asarray(ious > RIGHT_ABOVE)


def is_right_at_least(ious: Floats) -> Flags:
    """Return True where the IoU is at least 0.5, the rule of some other papers."""
    return np.asarray(ious >= RIGHT_ABOVE)


def predicted_index(logits: Floats) -> int:
    """Return the index of the highest logit, the first of several; -1 without candidates.

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


def covered(ious: Sequence[Floats]) -> Flags:
    """Return for each expression whether some candidate is correct, shape (B,)."""
    return np.array([is_right(row).any() for row in ious], dtype=np.bool_)


THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))  # 0.05 to 0.95
NAMED_THRESHOLDS = (0.1, 0.3, 0.7, 0.75, 0.9)
MEAN_OVER = tuple(threshold for threshold in THRESHOLDS if threshold >= RIGHT_ABOVE)
GIOU_AT_LEAST = 0.5

Values = NDArray[np.float64]


def localization(
    ious: Values,  # (B,)
    gious: Values,  # (B,)
) -> dict[str, Values]:
    """Return the value of each box under every rule, between 0 and 1."""
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
