"""Bootstrap intervals in the baseline: a loop that samples images and averages expressions."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def intervals(
    columns: list[Values],  # M columns (B,)
    image_ids: NDArray[np.int64],  # (B,)
    rounds: int,
) -> Values:
    """Return the limits (M, 2) of the 95 % interval of each column's mean."""
    photos = [np.flatnonzero(image_ids == image_id) for image_id in np.unique(image_ids)]
    generator = np.random.default_rng(1)
    means = np.empty((rounds, len(columns)))
    for number in range(rounds):
        drawn = generator.integers(len(photos), size=len(photos))
        rows = np.concatenate([photos[photo] for photo in drawn])
        means[number] = [column[rows].mean() for column in columns]
    return np.percentile(means, [2.5, 97.5], axis=0).T
