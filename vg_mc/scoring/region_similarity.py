"""Semantic similarity of a split's answers, out of the features that a bank holds."""

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
NOBODY = -1


def region_similarity(grounder: AnyGrounder, predictions: Predictions) -> SemanticSimilarity | None:
    """Compare each chosen region with the target's and with the sentence.

    The target itself need not be among the candidates. In its place stands the candidate of the
    highest IoU, if that is right; else there is nothing to compare with. Of several views and
    wordings the first ones are compared.

    Args:
        grounder: What answered.
        predictions: Its answers to a split.

    Returns:
        None if the grounder encodes no images, or keeps no features of them.
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
    best = [int(np.argmax(ious)) if len(ious) else NOBODY for ious in candidates.ious]
    targets = [
        _id(row, place if covered else NOBODY)
        for row, place, covered in zip(ids, best, candidates.covered, strict=True)
    ]
    size = sentences.shape[1]
    return semantic_similarity(
        _features(pictures, chosen, size), _features(pictures, targets, size), sentences
    )


def _id(candidate_ids: NDArray[np.int64], place: int) -> int:
    return NOBODY if place < 0 else int(candidate_ids[place])


def _features(table: RowCache, candidate_ids: list[int], size: int) -> NDArray[np.float32]:
    """Return features (B, D), rows of NaN for nobody."""
    ids = np.array(candidate_ids, np.int64)
    features = np.full((len(ids), size), np.nan, np.float32)
    there = ids != NOBODY
    if there.any():
        features[there] = table.rows(ids[there])
    return features
