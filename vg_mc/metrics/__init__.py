"""Metrics as pure functions of arrays: answers, calibration, ranks, intervals and significance."""

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
