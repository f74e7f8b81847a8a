"""Calibration: how well confidences agree with accuracy.

The expected calibration error of Guo et al. (https://arxiv.org/abs/1706.04599): answers are sorted
into 15 bins of equal width by their confidence, and the gaps between confidence and accuracy are
averaged over the answers. It is positive even for a perfect model, and larger for fewer answers.
Resampling images increases it further, so its interval is biased upwards.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vg_mc.metrics.resampling import Estimate, interval, photo_sums, resampled

BINS = 15

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The answers with a confidence above `above` and up to `up_to`.

    Attributes:
        confidence: Mean confidence, NaN for an empty bin.
        accuracy: Share of correct answers, NaN for an empty bin.
    """

    above: float
    up_to: float
    answers: int
    confidence: float
    accuracy: float


def reliability(
    confidences: Values,  # (B,), NaN without an answer
    right: NDArray[np.bool_],  # (B,)
    bins: int = BINS,
) -> list[ReliabilityBin]:
    """Return confidence and accuracy of each bin; expressions without an answer are excluded."""
    answers, confidence, accuracy = _columns(confidences, right, bins).sum(axis=0)
    edges = np.linspace(0, 1, bins + 1)
    filled = np.where(answers > 0, answers, np.nan)
    return [
        ReliabilityBin(
            above=float(edges[place]),
            up_to=float(edges[place + 1]),
            answers=int(answers[place]),
            confidence=float(confidence[place] / filled[place]),
            accuracy=float(accuracy[place] / filled[place]),
        )
        for place in range(bins)
    ]


def calibration_error(
    confidences: Values,  # (B,), NaN without an answer
    right: NDArray[np.bool_],  # (B,)
    image_ids: NDArray[np.int64],  # (B,)
    bins: int = BINS,
) -> Estimate:
    """Return the expected calibration error of the answered expressions."""
    columns = _columns(confidences, right, bins)
    answered = int((~np.isnan(confidences)).sum())
    drawn = resampled(photo_sums(list(columns.reshape(len(columns), 3 * bins).T), image_ids))
    draws = _error(drawn.reshape(-1, 3, bins))
    photos = len(np.unique(image_ids[~np.isnan(confidences)]))
    low, high = interval(draws) if photos > 1 else (np.nan, np.nan)
    return Estimate(float(_error(columns.sum(axis=0))), low, high, answered)


def _columns(confidences: Values, right: NDArray[np.bool_], bins: int) -> Values:
    """Return count, confidence and correctness of each answer in its bin, shape (B, 3, bins)."""
    answered = np.flatnonzero(~np.isnan(confidences))
    places = np.ceil(confidences[answered] * bins).astype(np.int64) - 1
    columns = np.zeros((len(confidences), 3, bins))
    facts = np.stack(
        [np.ones(len(answered)), confidences[answered], right[answered].astype(np.float64)], axis=1
    )
    columns[answered, :, np.clip(places, 0, bins - 1)] = facts
    return columns


def _error(sums: Values) -> Values:
    """Return the mean gap of bins (..., 3, bins), shape (...); NaN without answers."""
    answers = sums[..., 0, :].sum(axis=-1)
    gaps = np.abs(sums[..., 1, :] - sums[..., 2, :]).sum(axis=-1)
    errors = np.divide(gaps, answers, out=np.full(np.shape(answers), np.nan), where=answers > 0)
    return np.asarray(errors)
