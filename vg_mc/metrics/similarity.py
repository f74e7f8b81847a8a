"""Semantic similarity of the chosen region with the target and with the expression.

Cosine similarity and Euclidean distance of features of one encoder. For unit vectors, such as the
features of this package, the distance is ``sqrt(2 - 2 cosine)`` and gives the same order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.floating]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SemanticSimilarity:
    """Similarities of the chosen region of each expression, shape (B,); NaN without one.

    Attributes:
        target_cosine: Cosine similarity with the target's region, from -1 to 1.
        target_distance: Euclidean distance from the target's region.
        sentence_cosine: Cosine similarity with the expression.
        sentence_distance: Euclidean distance from the expression.
    """

    target_cosine: Values
    target_distance: Values
    sentence_cosine: Values
    sentence_distance: Values

    def taken(self, rows: NDArray[np.int64]) -> "SemanticSimilarity":
        """Return the similarities of the expressions `rows` (N,), in that order."""
        return SemanticSimilarity(*(getattr(self, name)[rows] for name in self.__slots__))


def semantic_similarity(
    chosen: Features,  # (B, D), rows of NaN without a choice
    targets: Features,  # (B, D), rows of NaN if the target's region has no features
    sentences: Features,  # (B, D)
) -> SemanticSimilarity:
    """Compare the features of chosen regions with those of targets and expressions.

    Raises:
        ValueError: If the shapes differ.
    """
    if not chosen.shape == targets.shape == sentences.shape:
        shapes = f"{chosen.shape}, {targets.shape} and {sentences.shape}"
        raise ValueError(f"expected three arrays of one shape (B, D), not {shapes}")
    return SemanticSimilarity(
        target_cosine=_cosines(chosen, targets),
        target_distance=_distances(chosen, targets),
        sentence_cosine=_cosines(chosen, sentences),
        sentence_distance=_distances(chosen, sentences),
    )


COSINE_EDGES = np.linspace(-1, 1, 41)  # bins of 0.05


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of values between neighbouring edges, one fewer than edges."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


def cosine_histogram(cosines: Values) -> Histogram:
    """Count cosines (B,) in bins of 0.05, ignoring NaN; rounding errors beyond -1 and 1 count."""
    known = np.clip(cosines[~np.isnan(cosines)], -1, 1)
    counts, _ = np.histogram(known, COSINE_EDGES)
    return Histogram(tuple(COSINE_EDGES.round(2).tolist()), tuple(counts.tolist()))


def _cosines(features: Features, others: Features) -> Values:
    """Return the cosine of each pair of rows; NaN for a vector of length zero."""
    one, other = features.astype(np.float64), others.astype(np.float64)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    products = (one * other).sum(axis=1)
    cosines = np.divide(products, lengths, out=np.full(len(one), np.nan), where=lengths > 0)
    return np.asarray(cosines)


def _distances(features: Features, others: Features) -> Values:
    gaps = features.astype(np.float64) - others.astype(np.float64)
    return np.asarray(np.linalg.norm(gaps, axis=1))
