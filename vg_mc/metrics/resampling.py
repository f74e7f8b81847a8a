"""Intervals: how much would a number differ on other photos?

Sentences about one photo succeed and fail together, so photos are drawn again, not sentences (the
cluster bootstrap). Every number here is a ratio of two sums over photos. The sums of all numbers
of a thousand draws are one product of matrices: how often each photo was drawn, times the sums of
each photo.

Intervals are percentiles of the draws. They are too narrow for few photos. There is none where all
draws are equal, as for a share of exactly 0 or 1, of which they would claim to be certain, or where
a number rests on a single photo.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

ROUNDS = 1000
SEED = 0
PERCENTILES = (2.5, 97.5)  # of a 95 % interval

DRAWN_AT_ONCE = 500_000  # numbers that a processor's cache holds, however many photos there are

Values = NDArray[np.float64]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A number of a split, before it is one: what is summed, and what it is divided by.

    Attributes:
        values: What each expression adds, shape (B,).
        weights: What each expression counts, shape (B,); 0 leaves it out.
    """

    values: ArrayLike
    weights: ArrayLike


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval and its denominator; NaN where there is none.

    Attributes:
        of: How many expressions it is about.
    """

    value: float
    low: float
    high: float
    of: int


def photo_sums(
    columns: Sequence[ArrayLike],  # M columns (B,)
    image_ids: Ids,  # (B,)
) -> Values:
    """Sum each column over the expressions of each photo, shape (photos, M)."""
    ids, photo = np.unique(image_ids, return_inverse=True)
    sums = np.empty((len(ids), len(columns)))
    for place, column in enumerate(columns):
        sums[:, place] = np.bincount(photo, np.asarray(column, np.float64), minlength=len(ids))
    return sums


def drawn_counts(photos: int, rounds: int = ROUNDS, seed: int = SEED) -> Iterator[Values]:
    """Yield how often each photo is drawn, some rounds at a time, shape (some, photos).

    The draws depend on the arguments alone: all models of a split are judged on the same ones.
    """
    generator = np.random.default_rng(seed)
    at_once = max(1, DRAWN_AT_ONCE // max(1, photos))
    for start in range(0, rounds, at_once):
        some = min(at_once, rounds - start)
        # Half the bytes of the usual integers, and the same numbers.
        drawn = generator.integers(photos, size=(some, photos), dtype=np.int32)
        drawn += np.arange(some, dtype=np.int32)[:, None] * np.int32(photos)
        counts = np.bincount(drawn.ravel(), minlength=some * photos)
        yield counts.reshape(some, photos).astype(np.float64)


def resampled(
    sums: Values,  # (photos, M)
    rounds: int = ROUNDS,
    seed: int = SEED,
) -> Values:
    """Sum the columns over the photos of each draw, shape (rounds, M)."""
    if not len(sums):
        return np.zeros((rounds, sums.shape[1]))
    return np.concatenate([counts @ sums for counts in drawn_counts(len(sums), rounds, seed)])


def interval(values: Values) -> tuple[float, float]:
    """Return the middle 95 % of the draws (rounds,), those without a value left out.

    NaN where no two of them differ: draws of what is always the same say nothing about it.
    """
    known = values[~np.isnan(values)]
    if not known.size or known.min() == known.max():
        return np.nan, np.nan
    low, high = np.percentile(known, PERCENTILES)
    return float(low), float(high)


def estimate(
    ratios: Sequence[Ratio], image_ids: Ids, rounds: int = ROUNDS, seed: int = SEED
) -> list[Estimate]:
    """Estimate all ratios on the same draws of photos."""
    values = photo_sums([ratio.values for ratio in ratios], image_ids)
    weights = photo_sums([ratio.weights for ratio in ratios], image_ids)
    drawn = resampled(np.concatenate([values, weights], axis=1), rounds, seed)
    draws = _divided(drawn[:, : len(ratios)], drawn[:, len(ratios) :])
    points = _divided(values.sum(axis=0), weights.sum(axis=0))
    photos = (weights > 0).sum(axis=0)
    return [
        Estimate(
            float(points[place]),
            *(interval(draws[:, place]) if photos[place] > 1 else (np.nan, np.nan)),
            of=int(np.count_nonzero(ratio.weights)),
        )
        for place, ratio in enumerate(ratios)
    ]


def _divided(values: Values, weights: Values) -> Values:
    ratios = np.divide(values, weights, out=np.full(values.shape, np.nan), where=weights > 0)
    return np.asarray(ratios)
