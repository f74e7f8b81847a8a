"""The rules of the field for when a box is right, each as a value per expression.

Papers differ in the IoU that they ask for, and MDETR's evaluation asks for a generalised IoU, which
is stricter. The mean of each of these columns is the number of that name.
"""

import numpy as np
from numpy.typing import NDArray

from vg_mc.metrics.answers import RIGHT_ABOVE, is_right, is_right_at_least

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
