"""Bootstrap confidence intervals over images.

Answers about one image are correlated, so images are resampled, not expressions (the cluster
bootstrap). Every metric is a ratio of two sums over images. The sums of all metrics in all draws
are one matrix product of the counts of each image and its sums.

Intervals are percentiles of the draws. They are too narrow for few images. There is no interval if
all draws are equal, as for a ratio of exactly 0 or 1, where it would have zero width, or if a
metric depends on a single image.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

ROUNDS = 1000
SEED = 0
PERCENTILES = (2.5, 97.5)  # 95 % interval

DRAWN_AT_ONCE = 500_000  # array size that fits into the CPU cache, for any number of images

Values = NDArray[np.float64]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A metric before division: a sum of values over a sum of weights.

    Attributes:
        values: Contribution of each expression to the numerator, shape (B,).
        weights: Contribution to the denominator, shape (B,); 0 excludes an expression.
    """

    values: ArrayLike
    weights: ArrayLike


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval and its denominator; NaN if undefined.

    Attributes:
        of: Number of expressions.
    """

    value: float
    low: float
    high: float
    of: int


def photo_sums(
    columns: Sequence[ArrayLike],  # M columns (B,)
    image_ids: Ids,  # (B,)
) -> Values:
    """Sum each column over the expressions of each image, shape (images, M)."""
    ids, photo = np.unique(image_ids, return_inverse=True)
    sums = np.empty((len(ids), len(columns)))
    for place, column in enumerate(columns):
        sums[:, place] = np.bincount(photo, np.asarray(column, np.float64), minlength=len(ids))
    return sums


def drawn_counts(photos: int, rounds: int = ROUNDS, seed: int = SEED) -> Iterator[Values]:
    """Yield how often each image is drawn, several rounds at a time, shape (some rounds, images).

    The draws depend only on the arguments, so all models of a split are evaluated on the same ones.
    """
    generator = np.random.default_rng(seed)
    at_once = max(1, DRAWN_AT_ONCE // max(1, photos))
    for start in range(0, rounds, at_once):
        some = min(at_once, rounds - start)
        # Half the size of int64, with the same values.
        drawn = generator.integers(photos, size=(some, photos), dtype=np.int32)
        drawn += np.arange(some, dtype=np.int32)[:, None] * np.int32(photos)
        counts = np.bincount(drawn.ravel(), minlength=some * photos)
        yield counts.reshape(some, photos).astype(np.float64)


def resampled(
    sums: Values,  # (photos, M)
    rounds: int = ROUNDS,
    seed: int = SEED,
) -> Values:
    """Sum the columns over the images of each draw, shape (rounds, M)."""
    if not len(sums):
        return np.zeros((rounds, sums.shape[1]))
    return np.concatenate([counts @ sums for counts in drawn_counts(len(sums), rounds, seed)])


def interval(values: Values) -> tuple[float, float]:
    """Return the central 95 % of the draws (rounds,), ignoring NaN.

    NaN if all draws are equal.
    """
    known = values[~np.isnan(values)]
    if not known.size or known.min() == known.max():
        return np.nan, np.nan
    low, high = np.percentile(known, PERCENTILES)
    return float(low), float(high)


def estimate(
    ratios: Sequence[Ratio], image_ids: Ids, rounds: int = ROUNDS, seed: int = SEED
) -> list[Estimate]:
    """Estimate all ratios on the same draws of images."""
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
