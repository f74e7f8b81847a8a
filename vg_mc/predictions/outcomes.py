"""Outcomes: the answer of each expression and its agreement with the target.

Scores, tables, pages, comparisons, calibration, ensembles and validation all use outcomes, so that
they agree on what the answer is and when it is correct. Values that do not apply to a kind of
answers are None, never 0.
"""

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes, paired_gious, paired_ious
from vg_mc.metrics import is_right, predicted_index
from vg_mc.metrics.ranking import answer_confidences, first_right_ranks
from vg_mc.predictions.answers import Choices, PredictedBoxes
from vg_mc.predictions.columns import Ids, empty_boxes, lengths
from vg_mc.predictions.table import Examples, Predictions

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

NOT_CHOSEN = -1
NO_OVERLAP = -1.0  # generalised IoU of a missing answer


@dataclass(frozen=True, slots=True, eq=False)
class CandidateOutcomes:
    """Outcomes of B expressions with candidates.

    Attributes:
        ious: IoU of each candidate with the target, B arrays (C,).
        counts: Number of candidates (B,).
        chosen: Position of the answer (B,), -1 without candidates.
        categories: Category of the answer, None without candidates.
        best_ious: IoU of the best candidate (B,), 0 without candidates.
        covered: Whether any candidate is correct (B,).
        chance: Probability that a random choice is correct (B,).
        proposal_ranks: Rank of the first correct candidate by the proposer's scores (B,).
    """

    ious: list[Values]
    counts: Ids
    chosen: Ids
    categories: list[str | None]
    best_ious: Values
    covered: Flags
    chance: Values
    proposal_ranks: Values


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Outcomes of B expressions.

    Attributes:
        boxes: The answers (B, 4) as xyxy; a row of NaN without an answer.
        ious: IoU with the target (B,), 0 without an answer.
        gious: Generalised IoU with the target (B,), -1 without an answer.
        right: Whether the IoU exceeds 0.5 (B,).
        confidences: Confidence of the answer (B,), NaN without an answer; None for a model without
            confidences.
        ranks: Rank of the first correct candidate by logits, or of the first correct box by scores
            (B,), from 1; infinite if none is correct. None if answers are single boxes.
        candidates: Outcomes of the candidates; None if answers are not choices among candidates.
    """

    boxes: Boxes
    ious: Values
    gious: Values
    right: Flags
    confidences: Values | None
    ranks: Values | None
    candidates: CandidateOutcomes | None

    def __len__(self) -> int:
        return len(self.ious)


def outcomes(predictions: Predictions) -> Outcomes:
    """Return the outcomes of predictions."""
    return _outcomes(predictions.answers, predictions.examples)


@singledispatch
def _outcomes(answers: object, examples: Examples) -> Outcomes:
    raise NotImplementedError(f"outcomes of {type(answers).__name__}")


@_outcomes.register
def _of_boxes(answers: PredictedBoxes, examples: Examples) -> Outcomes:
    ranks = None if answers.ranked is None else _box_ranks(answers.ranked, examples)
    return _judged(answers.boxes, examples.targets, answers.confidences, ranks, None)


def _box_ranks(ranked: list[Boxes], examples: Examples) -> Values:
    right = [is_right(row) for row in _grouped_ious(ranked, examples.targets)]
    return first_right_ranks(right, [-np.arange(len(row), dtype=np.float64) for row in right])


@_outcomes.register
def _of_choices(answers: Choices, examples: Examples) -> Outcomes:
    candidates = candidate_outcomes(answers, examples)
    boxes = empty_boxes(len(examples))
    for row, place in enumerate(candidates.chosen.tolist()):
        if place != NOT_CHOSEN:
            boxes[row] = answers.boxes[row][place]
    ranks = first_right_ranks([is_right(row) for row in candidates.ious], answers.logits)
    confidences = answer_confidences(answers.logits)
    return _judged(boxes, examples.targets, confidences, ranks, candidates)


def _judged(
    boxes: Boxes,
    targets: Boxes,
    confidences: Values | None,
    ranks: Values | None,
    candidates: CandidateOutcomes | None,
) -> Outcomes:
    answered = ~np.isnan(boxes).any(axis=1)
    ious, gious = np.zeros(len(boxes)), np.full(len(boxes), NO_OVERLAP)
    ious[answered] = paired_ious(boxes[answered], targets[answered])
    gious[answered] = paired_gious(boxes[answered], targets[answered])
    return Outcomes(boxes, ious, gious, is_right(ious), confidences, ranks, candidates)


def candidate_ious(answers: Choices, boxes: Boxes) -> list[Values]:
    """Return the IoU of each candidate with the box of its expression.

    Args:
        answers: Candidates of B expressions.
        boxes: One box per expression (B, 4), such as its target.

    Returns:
        B arrays (C,); NaN for a box of NaN.
    """
    return _grouped_ious(answers.boxes, boxes)


def _grouped_ious(groups: list[Boxes], boxes: Boxes) -> list[Values]:
    counts = lengths(groups)
    members = np.concatenate([np.empty((0, 4)), *groups])
    ious = paired_ious(members, np.repeat(boxes, counts, axis=0))
    return np.split(ious, np.cumsum(counts)[:-1]) if len(counts) else []


def candidate_outcomes(answers: Choices, examples: Examples) -> CandidateOutcomes:
    """Return the outcomes of choices among candidates."""
    ious = candidate_ious(answers, examples.targets)
    right = [is_right(row) for row in ious]
    chosen = [predicted_index(row) for row in answers.logits]
    best = np.array([row.max(initial=0.0) for row in ious], np.float64)
    return CandidateOutcomes(
        ious=ious,
        counts=lengths(ious),
        chosen=np.array(chosen, np.int64),
        categories=[
            None if place == NOT_CHOSEN else names[place]
            for names, place in zip(answers.categories, chosen, strict=True)
        ],
        best_ious=best,
        covered=is_right(best),
        chance=np.array([row.mean() if len(row) else 0.0 for row in right], np.float64),
        proposal_ranks=first_right_ranks(right, answers.scores),
    )
