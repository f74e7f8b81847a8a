"""Predicted boxes as votes among the candidates of another member.

The vote for a candidate is its IoU with the predicted box, so a model that predicts boxes can be a
member of an ensemble of models that choose among candidates.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vg_mc.errors import BadInputError
from vg_mc.predictions.answers import Choices, PredictedBoxes
from vg_mc.predictions.differences import first_question_difference
from vg_mc.predictions.outcomes import candidate_ious
from vg_mc.predictions.table import Predictions


def with_votes(members: Sequence[Predictions]) -> list[Predictions]:
    """Return the members with choices in place of predicted boxes.

    The candidates are those of the first member with candidates.

    Raises:
        BadInputError: If no member has candidates, or the expressions differ.
    """
    choosing = [member for member in members if isinstance(member.answers, Choices)]
    if members and not choosing:
        problem = "predicted boxes vote among candidates, and no member has candidates"
        raise BadInputError(f"{problem}; add predictions of a model that chooses among proposals")
    return [_voting(member, choosing[0]) for member in members]


def _voting(member: Predictions, chooser: Predictions) -> Predictions:
    if not isinstance(member.answers, PredictedBoxes):
        return member
    difference = first_question_difference(chooser, member)
    if difference is not None:
        raise BadInputError(
            f"these predictions cannot be combined: {difference}; evaluate all members on the same "
            "--dataset"
        )
    candidates = chooser.choices
    return replace(member, answers=replace(candidates, logits=_votes(member.answers, candidates)))


def _votes(predicted: PredictedBoxes, candidates: Choices) -> list[NDArray[np.float32]]:
    """Return the IoU of each candidate with the predicted box, 0 without one; B arrays (C,)."""
    ious = candidate_ious(candidates, predicted.boxes)
    return [np.nan_to_num(row).astype(np.float32) for row in ious]
