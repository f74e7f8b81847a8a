"""Semantic similarity of a split's answers, computed from the feature cache."""

import numpy as np
from numpy.typing import NDArray

from vg_mc.grounders.dual_encoder import DualEncoderGrounder
from vg_mc.grounders.protocol import AnyGrounder
from vg_mc.metrics.similarity import SemanticSimilarity, semantic_similarity
from vg_mc.models.features.cache import FeatureBank, RowCache
from vg_mc.models.features.extraction import text_keys
from vg_mc.predictions import Predictions
from vg_mc.predictions.outcomes import candidate_outcomes

ROWS = 4096  # expressions whose features are in memory at a time
NO_CANDIDATE = -1


def region_similarity(grounder: AnyGrounder, predictions: Predictions) -> SemanticSimilarity | None:
    """Compare the features of each chosen region with those of the target and the expression.

    The target itself may not be a candidate. It is represented by the candidate with the highest
    IoU if that is correct; otherwise there is no similarity. Of several views and prompt templates,
    the first ones are compared.

    Args:
        grounder: The grounder that made the predictions.
        predictions: Its predictions of a split.

    Returns:
        Similarities (B,), or None if the grounder does not encode images or has no feature cache.
    """
    if not isinstance(grounder, DualEncoderGrounder) or grounder.bank is None:
        return None
    starts = range(0, max(1, len(predictions)), ROWS)
    ends = np.arange(len(predictions))
    parts = [
        _similarity(grounder.bank, grounder, predictions.taken(ends[start : start + ROWS]))
        for start in starts
    ]
    columns = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in SemanticSimilarity.__slots__
    )
    return SemanticSimilarity(*columns)


def _similarity(
    bank: FeatureBank, grounder: DualEncoderGrounder, predictions: Predictions
) -> SemanticSimilarity:
    asked = [grounder.worded(text)[0] for text in predictions.examples.texts]
    sentences = bank.texts.rows(text_keys(grounder.encoder, asked, ROWS, bank.known_texts))
    pictures = bank.pictures_in(grounder.views[0], mirrored=grounder.mirrored)
    ids = predictions.choices.candidate_ids
    candidates = candidate_outcomes(predictions.choices, predictions.examples)
    chosen = [_id(*row) for row in zip(ids, candidates.chosen.tolist(), strict=True)]
    best = [int(np.argmax(ious)) if len(ious) else NO_CANDIDATE for ious in candidates.ious]
    targets = [
        _id(row, place if covered else NO_CANDIDATE)
        for row, place, covered in zip(ids, best, candidates.covered, strict=True)
    ]
    size = sentences.shape[1]
    return semantic_similarity(
        _features(pictures, chosen, size), _features(pictures, targets, size), sentences
    )


def _id(candidate_ids: NDArray[np.int64], place: int) -> int:
    return NO_CANDIDATE if place < 0 else int(candidate_ids[place])


def _features(table: RowCache, candidate_ids: list[int], size: int) -> NDArray[np.float32]:
    """Return features (B, D); rows of NaN for `NO_CANDIDATE`."""
    ids = np.array(candidate_ids, np.int64)
    features = np.full((len(ids), size), np.nan, np.float32)
    there = ids != NO_CANDIDATE
    if there.any():
        features[there] = table.rows(ids[there])
    return features
