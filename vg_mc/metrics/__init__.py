"""From logits to numbers: answers, their intervals, calibration, significance, confusion.

Pure functions of arrays: they know neither files nor models.
"""

from vg_mc.metrics.answers import (
    RIGHT_ABOVE,
    covered,
    is_right,
    is_right_at_least,
    predicted_index,
)

__all__ = [
    "RIGHT_ABOVE",
    "covered",
    "is_right",
    "is_right_at_least",
    "predicted_index",
]
