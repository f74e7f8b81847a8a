"""Predictions: the answers of a model to every expression of a split, and their outcomes.

They are written by an evaluation. Ensembles, tables, plots and pages read them, without the model
or a GPU.
"""

from vg_mc.predictions.answers import Choices, PredictedBoxes
from vg_mc.predictions.differences import first_difference, first_question_difference
from vg_mc.predictions.evaluations import (
    is_one_split,
    read_evaluation,
    read_evaluations,
    usual_order,
)
from vg_mc.predictions.outcomes import CandidateOutcomes, Outcomes, outcomes
from vg_mc.predictions.parquet import FILE_NAME, read_predictions, write_predictions
from vg_mc.predictions.provenance import Provenance
from vg_mc.predictions.table import Examples, Predictions

__all__ = [
    "FILE_NAME",
    "CandidateOutcomes",
    "Choices",
    "Examples",
    "Outcomes",
    "PredictedBoxes",
    "Predictions",
    "Provenance",
    "first_difference",
    "first_question_difference",
    "is_one_split",
    "outcomes",
    "read_evaluation",
    "read_evaluations",
    "read_predictions",
    "usual_order",
    "write_predictions",
]
