"""Is one model better than another, or was it luck? Paired tests on the same expressions.

McNemar's exact test looks only at the expressions where the two disagree, and takes expressions as
independent. The bootstrap draws photos, whose sentences are not independent; where the two tests
disagree, believe the bootstrap. Its p-value counts draws, so it takes more of them than intervals
do: of a thousand, none could be below 0.002, which Holm's method makes 0.05 for 26 comparisons.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr  # not scipy.stats.binomtest: its import takes a second

from vg_mc.metrics.resampling import SEED, interval, photo_sums, resampled

TEST_ROUNDS = 10_000

Flags = NDArray[np.bool_]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class McNemar:
    """Expressions that only one of two models got right, and how surprising their numbers are.

    Attributes:
        p_value: Two-sided; 1 where the models never disagree.
    """

    only_first: int
    only_second: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more often the first of two models is right.

    Attributes:
        value: Difference of the accuracies, from -1 to 1.
        low: Lower end of its 95 % interval, NaN where all draws are equal.
        high: Upper end.
        p_value: Two-sided, never below 2 / (rounds + 1); NaN for fewer than two photos.
        of: Expressions that both answered.
    """

    value: float
    low: float
    high: float
    p_value: float
    of: int


def mcnemar(first: Flags, second: Flags) -> McNemar:
    """Compare which of the same expressions, shape (B,), two models got right.

    Raises:
        ValueError: If the shapes differ.
    """
    _check_paired(first, second)
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    # Twice the probability of at most so few heads among tosses of a fair coin; exact.
    fewer = float(bdtr(min(only_first, only_second), only_first + only_second, 0.5))
    return McNemar(only_first, only_second, min(1.0, 2 * fewer))


def paired_difference(
    first: Flags,  # (B,)
    second: Flags,  # (B,)
    image_ids: Ids,  # (B,)
    rounds: int = TEST_ROUNDS,
    seed: int = SEED,
) -> Difference:
    """Compare two models on the same draws of photos.

    Raises:
        ValueError: If the shapes differ.
    """
    _check_paired(first, second)
    gains = first.astype(np.float64) - second.astype(np.float64)
    if not len(gains):
        return Difference(np.nan, np.nan, np.nan, np.nan, 0)
    sums = photo_sums([gains, np.ones(len(gains))], image_ids)
    if len(sums) < 2:
        return Difference(float(gains.mean()), np.nan, np.nan, np.nan, len(gains))
    drawn = resampled(sums, rounds, seed)
    draws = drawn[:, 0] / drawn[:, 1]
    # Each tail counts the draws and, as one of them, what was seen: no p-value is 0.
    tail = min((draws <= 0).sum(), (draws >= 0).sum()) + 1
    p_value = min(1.0, 2 * float(tail) / (rounds + 1))
    return Difference(float(gains.mean()), *interval(draws), p_value, len(gains))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for being several: a small one is likely among many, by luck alone.

    Holm's step-down method (https://www.jstor.org/stable/4615733) holds for tests that depend on
    each other, as those against one baseline do. NaN is no test, and stays.
    """
    tests = sorted((p, place) for place, p in enumerate(p_values) if not np.isnan(p))
    corrected, least = [float("nan")] * len(p_values), 0.0
    for rank, (p, place) in enumerate(tests):
        least = max(least, min(1.0, p * (len(tests) - rank)))
        corrected[place] = least
    return corrected


def _check_paired(first: Flags, second: Flags) -> None:
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} and {len(second)} answers are not about the same")
