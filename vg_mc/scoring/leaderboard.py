"""Many systems on the same expressions: who is ahead, and is that luck?

Their proposals may differ: a system is its detector, too. Tests are corrected for being several.
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
from vg_mc.scoring.ratios import everyone


@dataclass(frozen=True, slots=True)
class System:
    """What one model, or an ensemble, answered, by split."""

    name: str
    splits: Mapping[str, Predictions]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a system did on a split.

    Attributes:
        ceiling: Share of expressions with a candidate that would be right; None without candidates.
    """

    system: str
    split: str
    accuracy: Estimate
    ceiling: Estimate | None


@dataclass(frozen=True, slots=True)
class Contest:
    """A system, first, against the baseline of a split, second.

    Attributes:
        difference_p: Of the bootstrap by photos, corrected by Holm's method over all contests.
        mcnemar_p: Of McNemar's test, corrected likewise.
        same_proposals: Whether both chose among the same boxes; None if one has no candidates.
    """

    comparison: Comparison
    difference_p: float
    mcnemar_p: float
    same_proposals: bool | None


@dataclass(frozen=True, slots=True)
class Standings:
    """All systems on all splits.

    Attributes:
        systems: In the order in which they were named.
        splits: Validation before tests.
        standings: By system and split; not all systems answer all splits.
        contests: By split, then by system.
    """

    systems: tuple[System, ...]
    splits: tuple[str, ...]
    standings: Mapping[tuple[str, str], Standing]
    contests: tuple[Contest, ...]


def standings_of(systems: Sequence[System], baseline: str | None = None) -> Standings:
    """Score systems, and test each against the baseline.

    Args:
        systems: Of different names.
        baseline: Name of the system that others are tested against; by default the most accurate
            one of each split, the first of equals.

    Raises:
        BadInputError: If two answer different expressions, the first difference is named, or there
            is no such baseline.
    """
    names = [system.name for system in systems]
    if baseline is not None and baseline not in names:
        problem = f"no system is called {baseline!r}; there are {', '.join(names)}"
        raise BadInputError(problem, record="--baseline")
    splits = usual_order(split for system in systems for split in system.splits)
    found = [
        _standing(system.name, split, system.splits[split])
        for split in splits
        for system in systems
        if split in system.splits
    ]
    standings = {(each.system, each.split): each for each in found}
    contests = [
        (compare(one, other), _same_proposals(one, other))
        for split in splits
        for one, other in _pairs(systems, split, baseline, standings)
    ]
    comparisons = [comparison for comparison, _ in contests]
    differences = holm([each.difference.p_value for each in comparisons])
    mcnemars = holm([each.mcnemar.p_value for each in comparisons])
    return Standings(
        tuple(systems),
        tuple(splits),
        standings,
        tuple(
            Contest(comparison, difference, mcnemar, same)
            for (comparison, same), difference, mcnemar in zip(
                contests, differences, mcnemars, strict=True
            )
        ),
    )


def _standing(system: str, split: str, predictions: Predictions) -> Standing:
    judged = outcomes(predictions)
    ratios = [everyone(judged.right)]
    if judged.candidates is not None:
        ratios.append(everyone(judged.candidates.covered))
    accuracy, *ceiling = estimate(ratios, predictions.examples.image_ids)
    return Standing(system, split, accuracy, ceiling[0] if ceiling else None)


def _same_proposals(one: Predictions, other: Predictions) -> bool | None:
    both_choose = all(isinstance(each.answers, Choices) for each in (one, other))
    return first_difference(one, other) is None if both_choose else None


def _pairs(
    systems: Sequence[System],
    split: str,
    baseline: str | None,
    standings: Mapping[tuple[str, str], Standing],
) -> list[tuple[Predictions, Predictions]]:
    """Return what each system answers, and beside it what the baseline of the split does."""
    there = [split in system.splits for system in systems]
    answered = {each.name: each.splits[split].renamed(each.name)
                for each in compress(systems, there)}  # fmt: skip
    if baseline is None:
        chosen = max(answered, key=lambda name: _rank(standings[name, split].accuracy.value))
    elif baseline in answered:
        chosen = baseline
    else:
        return []
    return [(answers, answered[chosen]) for name, answers in answered.items() if name != chosen]


def _rank(accuracy: float) -> float:
    return -1.0 if np.isnan(accuracy) else accuracy
