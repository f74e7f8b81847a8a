"""Paired significance tests of two models on the same expressions.

McNemar's exact test considers only the expressions on which the models differ and assumes that
expressions are independent. The bootstrap resamples images, whose expressions are not independent;
where the tests disagree, the bootstrap is more reliable. Its p-value counts draws and needs more of
them than an interval: with 1,000 draws no p-value is below 0.002, which Holm's method turns into
0.05 for 26 comparisons.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr  # importing scipy.stats.binomtest takes a second

from vg_mc.metrics.resampling import SEED, interval, photo_sums, resampled

TEST_ROUNDS = 10_000

Flags = NDArray[np.bool_]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class McNemar:
    """Counts of expressions that only one of two models answers correctly, with a p-value.

    Attributes:
        p_value: Two-sided; 1 if the models never differ.
    """

    only_first: int
    only_second: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Accuracy difference of two models.

    Attributes:
        value: Accuracy of the first minus that of the second, from -1 to 1.
        low: Lower end of its 95 % interval, NaN if all draws are equal.
        high: Upper end.
        p_value: Two-sided, at least 2 / (rounds + 1); NaN for fewer than two images.
        of: Number of expressions.
    """

    value: float
    low: float
    high: float
    p_value: float
    of: int


def mcnemar(first: Flags, second: Flags) -> McNemar:
    """Test two models by their correctness on the same expressions, shape (B,).

    Raises:
        ValueError: If the shapes differ.
    """
    _check_paired(first, second)
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    # Twice the exact probability of at most as many heads in tosses of a fair coin.
    fewer = float(bdtr(min(only_first, only_second), only_first + only_second, 0.5))
    return McNemar(only_first, only_second, min(1.0, 2 * fewer))


def paired_difference(
    first: Flags,  # (B,)
    second: Flags,  # (B,)
    image_ids: Ids,  # (B,)
    rounds: int = TEST_ROUNDS,
    seed: int = SEED,
) -> Difference:
    """Compare two models on the same draws of images.

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
    # The observation counts as one of the draws of each tail, so no p-value is 0.
    tail = min((draws <= 0).sum(), (draws >= 0).sum()) + 1
    p_value = min(1.0, 2 * float(tail) / (rounds + 1))
    return Difference(float(gains.mean()), *interval(draws), p_value, len(gains))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for multiple comparisons with Holm's step-down method.

    It is valid for dependent tests, such as those against one baseline
    (https://www.jstor.org/stable/4615733). NaN stands for no test and is kept.
    """
    tests = sorted((p, place) for place, p in enumerate(p_values) if not np.isnan(p))
    corrected, least = [float("nan")] * len(p_values), 0.0
    for rank, (p, place) in enumerate(tests):
        least = max(least, min(1.0, p * (len(tests) - rank)))
        corrected[place] = least
    return corrected


def _check_paired(first: Flags, second: Flags) -> None:
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} and {len(second)} answers are not paired")
