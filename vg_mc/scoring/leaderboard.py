"""Leaderboard: scores of several systems on the same expressions, with corrected tests.

A system includes its detector, so proposals may differ. P-values are corrected for multiple tests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from vg_mc.errors import BadInputError
from vg_mc.metrics.resampling import Estimate, estimate
from vg_mc.metrics.significance import holm
from vg_mc.predictions import Choices, Predictions, first_difference, outcomes, usual_order
from vg_mc.scoring.comparison import Comparison, compare
from vg_mc.scoring.ratios import mean_over_all


@dataclass(frozen=True, slots=True)
class System:
    """Predictions of one model or ensemble, by split."""

    name: str
    splits: Mapping[str, Predictions]


@dataclass(frozen=True, slots=True)
class SystemScore:
    """Scores of a system on a split.

    Attributes:
        system: Name of the system.
        split: The split.
        accuracy: Share of expressions with a correct answer.
        oracle: Oracle accuracy, i.e. the share of expressions with a correct candidate; None
            without candidates.
    """

    system: str
    split: str
    accuracy: Estimate
    oracle: Estimate | None


@dataclass(frozen=True, slots=True)
class BaselineTest:
    """Comparison of a system (first) with the baseline of a split (second).

    Attributes:
        comparison: The comparison of both, with uncorrected tests.
        difference_p: P-value of the bootstrap over images, corrected by Holm's method over all
            comparisons.
        mcnemar_p: P-value of McNemar's test, corrected in the same way.
        same_proposals: Whether both choose among the same boxes; None if one has no candidates.
    """

    comparison: Comparison
    difference_p: float
    mcnemar_p: float
    same_proposals: bool | None


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Scores and comparisons of all systems on all splits.

    Attributes:
        systems: The systems in the given order.
        splits: The splits, validation before test splits.
        scores: Scores by system and split; a system need not answer all splits.
        tests: Comparisons with the baseline, ordered by split and then by system.
    """

    systems: tuple[System, ...]
    splits: tuple[str, ...]
    scores: Mapping[tuple[str, str], SystemScore]
    tests: tuple[BaselineTest, ...]


def leaderboard_of(systems: Sequence[System], baseline: str | None = None) -> Leaderboard:
    """Score systems, and compare each with the baseline.

    Args:
        systems: Systems with unique names.
        baseline: Name of the baseline; by default the most accurate system of each split, and the
            first one of equal systems.

    Raises:
        BadInputError: If two systems answer different expressions, or the baseline is unknown.
    """
    names = [system.name for system in systems]
    if baseline is not None and baseline not in names:
        problem = f"no system {baseline!r}; there are {', '.join(names)}"
        raise BadInputError(problem, record="--baseline")
    splits = usual_order(split for system in systems for split in system.splits)
    found = [
        _score(system.name, split, system.splits[split])
        for split in splits
        for system in systems
        if split in system.splits
    ]
    scores = {(each.system, each.split): each for each in found}
    pairs = [pair for split in splits for pair in _pairs(systems, split, baseline, scores)]
    return Leaderboard(tuple(systems), tuple(splits), scores, _tests(pairs))


def _tests(pairs: Sequence[tuple[Predictions, Predictions]]) -> tuple[BaselineTest, ...]:
    """Compare all pairs, and correct their p-values together."""
    comparisons = [compare(one, other) for one, other in pairs]
    differences = holm([each.difference.p_value for each in comparisons])
    mcnemars = holm([each.mcnemar.p_value for each in comparisons])
    same = (_same_proposals(one, other) for one, other in pairs)
    columns = zip(comparisons, differences, mcnemars, same, strict=True)
    return tuple(BaselineTest(*column) for column in columns)


def _score(system: str, split: str, predictions: Predictions) -> SystemScore:
    judged = outcomes(predictions)
    ratios = [mean_over_all(judged.right)]
    if judged.candidates is not None:
        ratios.append(mean_over_all(judged.candidates.covered))
    accuracy, *oracle = estimate(ratios, predictions.examples.image_ids)
    return SystemScore(system, split, accuracy, oracle[0] if oracle else None)


def _same_proposals(one: Predictions, other: Predictions) -> bool | None:
    both_choose = all(isinstance(each.answers, Choices) for each in (one, other))
    return first_difference(one, other) is None if both_choose else None


def _pairs(
    systems: Sequence[System],
    split: str,
    baseline: str | None,
    scores: Mapping[tuple[str, str], SystemScore],
) -> list[tuple[Predictions, Predictions]]:
    """Return the predictions of each system, paired with those of the baseline of the split."""
    there = [split in system.splits for system in systems]
    answered = {each.name: each.splits[split].renamed(each.name)
                for each in compress(systems, there)}  # fmt: skip
    if baseline is None:
        chosen = max(answered, key=lambda name: _rank(scores[name, split].accuracy.value))
    elif baseline in answered:
        chosen = baseline
    else:
        return []
    return [(answers, answered[chosen]) for name, answers in answered.items() if name != chosen]


def _rank(accuracy: float) -> float:
    return -1.0 if np.isnan(accuracy) else accuracy
