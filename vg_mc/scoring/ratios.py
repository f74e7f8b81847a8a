"""Each number of a split as a ratio of two sums over its expressions."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import paired_gious
from vg_mc.metrics import is_right, predicted_index
from vg_mc.metrics.answers import localization
from vg_mc.metrics.ranking import first_right_ranks
from vg_mc.metrics.resampling import Ratio
from vg_mc.metrics.similarity import SemanticSimilarity
from vg_mc.predictions import Predictions

RECALLED = (1, 5, 10)

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """How each of B expressions was answered; every field has the shape (B,).

    Attributes:
        chosen: Position of the answer among the candidates, -1 without any.
        ious: IoU of the answer, 0 without one.
        best_ious: IoU of the best candidate, 0 without any.
        chance: Probability that a random choice is right.
    """

    chosen: NDArray[np.int64]
    ious: Values
    best_ious: Values
    chance: Values


def outcomes_of(predictions: Predictions) -> Outcomes:
    """Look up how each expression was answered."""
    rows = list(zip(predictions.ious, predictions.logits, strict=True))
    chosen = np.array([predicted_index(logits) for _, logits in rows], dtype=np.int64)
    answered = zip(predictions.ious, chosen.tolist(), strict=True)
    return Outcomes(
        chosen=chosen,
        ious=np.array([ious[at] if at >= 0 else 0.0 for ious, at in answered], dtype=np.float64),
        best_ious=np.array([ious.max(initial=0.0) for ious, _ in rows], dtype=np.float64),
        chance=np.array(
            [is_right(ious).mean() if len(ious) else 0.0 for ious, _ in rows], dtype=np.float64
        ),
    )


def number_ratios(predictions: Predictions, outcomes: Outcomes) -> dict[str, Ratio]:
    """Return the numbers of a split as ratios, by their names."""
    right, ceiling = is_right(outcomes.ious), is_right(outcomes.best_ious)
    ranks = first_right_ranks([is_right(row) for row in predictions.ious], predictions.logits)
    located = localization(outcomes.ious, _gious(predictions, outcomes))
    return {
        **{name: everyone(values) for name, values in located.items()},
        "accuracy_where_covered": Ratio(right & ceiling, ceiling),
        "proposal_recall": everyone(ceiling),
        "chance": everyone(outcomes.chance),
        **{f"recall@{count}": everyone(ranks <= count) for count in RECALLED},
    }


def everyone(values: NDArray[np.bool_] | Values) -> Ratio:
    """Divide by all expressions, also by those without proposals."""
    return Ratio(values, np.ones(len(values)))


def _gious(predictions: Predictions, outcomes: Outcomes) -> Values:
    """Generalised IoU of each answer with its target, shape (B,); -1 without an answer."""
    answered = np.flatnonzero(outcomes.chosen >= 0)
    gious = np.full(len(predictions), -1.0)
    if len(answered):
        boxes = np.stack([predictions.boxes[row][outcomes.chosen[row]] for row in answered])
        gious[answered] = paired_gious(boxes, predictions.targets[answered])
    return gious


def similarity_ratios(similarity: SemanticSimilarity | None) -> dict[str, Ratio]:
    """Return the mean similarities as ratios; expressions without features are left out."""
    if similarity is None:
        return {}
    columns = {name: getattr(similarity, name) for name in SemanticSimilarity.__slots__}
    return {
        name: Ratio(np.nan_to_num(values), ~np.isnan(values)) for name, values in columns.items()
    }


def category_pairs(
    predictions: Predictions, outcomes: Outcomes
) -> Iterator[tuple[str, str | None]]:
    """Yield the category of each target and of the box that was chosen, None without one."""
    rows = zip(
        predictions.categories,
        predictions.candidate_categories,
        outcomes.chosen.tolist(),
        strict=True,
    )
    for target, candidates, chosen in rows:
        yield target, candidates[chosen] if chosen >= 0 else None
