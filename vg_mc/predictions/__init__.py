"""Predictions: the logit of every candidate of every expression of a split, on disk.

They are the one thing that evaluation hands on: ensembles, tables, plots and galleries read them
and need neither the model nor a GPU.
"""

from vg_mc.predictions.differences import first_difference, first_question_difference
from vg_mc.predictions.evaluations import (
    is_one_split,
    read_evaluation,
    read_evaluations,
    usual_order,
)
from vg_mc.predictions.parquet import FILE_NAME, read_predictions, write_predictions
from vg_mc.predictions.table import Predictions, taken

__all__ = [
    "FILE_NAME",
    "Predictions",
    "first_difference",
    "first_question_difference",
    "is_one_split",
    "read_evaluation",
    "read_evaluations",
    "read_predictions",
    "taken",
    "usual_order",
    "write_predictions",
]
