"""Numbers of a split, each as a ratio of two sums over its expressions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vg_mc.metrics.answers import localization
from vg_mc.metrics.resampling import Ratio
from vg_mc.metrics.similarity import SemanticSimilarity
from vg_mc.predictions import CandidateOutcomes, Outcomes

RECALLED = (1, 5, 10)

# Numbers that do not apply to all kinds of answers.
OPTIONAL_NUMBERS = (
    *("accuracy_where_covered", "proposal_recall", "chance"),
    *(f"recall@{count}" for count in RECALLED),
    "calibration_error",
)

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SplitScores:
    """Scores of a split. Shares of an empty set are NaN.

    Scores that need candidates are None for answers without candidates.

    Attributes:
        expressions: Number of expressions; the denominator of all shares except
            `accuracy_where_covered`.
        covered: Number of expressions with a correct candidate.
        without_proposals: Number of expressions without candidates.
        accuracy: Share of answers with an IoU > 0.5.
        accuracy_at_least: Share of answers with an IoU >= 0.5.
        accuracy_where_covered: Share of correct answers among the `covered` expressions.
        mean_iou: Mean IoU of the answers; a missing answer has an IoU of 0.
        proposal_recall: Share of `covered` expressions, which is the oracle accuracy.
        chance: Expected accuracy of a uniformly random choice.
        mean_candidates: Mean number of candidates per expression.
    """

    expressions: int
    covered: int | None
    without_proposals: int | None
    accuracy: float
    accuracy_at_least: float
    accuracy_where_covered: float | None
    mean_iou: float
    proposal_recall: float | None
    chance: float | None
    mean_candidates: float | None


def split_scores(outcomes: Outcomes) -> SplitScores:
    """Return the numbers of the main table, without intervals."""
    candidates = outcomes.candidates
    counts = None if candidates is None else candidates.counts
    values = {name: _value(ratio) for name, ratio in number_ratios(outcomes).items()}
    return SplitScores(
        expressions=len(outcomes),
        covered=None if candidates is None else int(candidates.covered.sum()),
        without_proposals=None if counts is None else int((counts == 0).sum()),
        accuracy=values["accuracy"],
        accuracy_at_least=values["accuracy_at_least"],
        accuracy_where_covered=values.get("accuracy_where_covered"),
        mean_iou=values["mean_iou"],
        proposal_recall=values.get("proposal_recall"),
        chance=values.get("chance"),
        mean_candidates=None if counts is None else _value(mean_over_all(counts)),
    )


def number_ratios(outcomes: Outcomes) -> dict[str, Ratio]:
    """Return the numbers of a split as ratios by name, without those that do not apply."""
    located = localization(outcomes.ious, outcomes.gious)
    ratios = {name: mean_over_all(values) for name, values in located.items()}
    if outcomes.candidates is not None:
        ratios |= _candidate_ratios(outcomes, outcomes.candidates)
    if outcomes.ranks is not None:
        ranks = outcomes.ranks
        ratios |= {f"recall@{count}": mean_over_all(ranks <= count) for count in RECALLED}
    return ratios


def _candidate_ratios(outcomes: Outcomes, candidates: CandidateOutcomes) -> dict[str, Ratio]:
    covered = candidates.covered
    return {
        "accuracy_where_covered": Ratio(outcomes.right & covered, covered),
        "proposal_recall": mean_over_all(covered),
        "chance": mean_over_all(candidates.chance),
    }


def mean_over_all(values: NDArray[np.bool_] | NDArray[np.int64] | Values) -> Ratio:
    """Return the mean of `values` (B,) over all expressions as a ratio."""
    return Ratio(values, np.ones(len(values)))


def similarity_ratios(similarity: SemanticSimilarity | None) -> dict[str, Ratio]:
    """Return the mean similarities as ratios by name; expressions without features are ignored."""
    if similarity is None:
        return {}
    columns = {name: getattr(similarity, name) for name in SemanticSimilarity.__slots__}
    return {
        name: Ratio(np.nan_to_num(values), ~np.isnan(values)) for name, values in columns.items()
    }


def _value(ratio: Ratio) -> float:
    values, weights = (np.asarray(side, np.float64) for side in (ratio.values, ratio.weights))
    return float(values.sum() / weights.sum()) if weights.any() else float("nan")
