"""Similarities are those of torch, and what was not chosen has none."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from vg_mc.metrics.similarity import semantic_similarity


@pytest.fixture
def features():
    generator = np.random.default_rng(0)
    return [generator.normal(size=(9, 5)).astype(np.float32) for _ in range(3)]


def test_similarities_are_those_of_torch(features):
    chosen, targets, sentences = map(torch.from_numpy, features)

    found = semantic_similarity(*features)

    for values, expected in (
        (found.target_cosine, F.cosine_similarity(chosen, targets)),
        (found.target_distance, F.pairwise_distance(chosen, targets, eps=0)),
        (found.sentence_cosine, F.cosine_similarity(chosen, sentences)),
        (found.sentence_distance, F.pairwise_distance(chosen, sentences, eps=0)),
    ):
        assert values == pytest.approx(expected.numpy(), abs=1e-6)


def test_the_distance_of_unit_vectors_follows_from_their_cosine(features):
    units = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in features]

    found = semantic_similarity(*units)

    assert found.target_distance == pytest.approx(np.sqrt(2 - 2 * found.target_cosine), abs=1e-3)


def test_where_nothing_was_chosen_nothing_is_similar(features):
    chosen, targets, sentences = features
    chosen[3], targets[5] = np.nan, 0  # a vector of length zero has no direction

    found = semantic_similarity(chosen, targets, sentences)

    assert np.flatnonzero(np.isnan(found.target_cosine)).tolist() == [3, 5]
    assert np.flatnonzero(np.isnan(found.sentence_distance)).tolist() == [3]


def test_features_of_different_shapes_are_refused(features):
    with pytest.raises(
        ValueError, match=r"one shape \(B, D\), not \(9, 5\), \(9, 5\) and \(9, 4\)"
    ):
        semantic_similarity(features[0], features[1], features[2][:, :4])
