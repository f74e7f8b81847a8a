"""Text features are those of the encoder, and each text is encoded once."""

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from vg_mc.models.features.extraction import TextFeatures
from vg_mc.models.loading import load_encoder

TEXTS = ["a dog", "a red cup on the left", "a dog"]


@pytest.fixture
def features():
    return TextFeatures(Accelerator(cpu=True), load_encoder("tiny-vit", image_size=32), 2)


def test_vectors_are_those_of_the_encoder(features):
    vectors = features.vectors(TEXTS)

    with torch.no_grad():
        expected = features.encoder.eval().encode_texts(features.encoder.tokenize(TEXTS))
    assert np.allclose(vectors, expected.numpy(), atol=1e-5)


def test_each_text_is_compared_with_its_own_captions(features):
    vectors = features.vectors(TEXTS)

    alike = features.similarities(TEXTS, [TEXTS[:2], [], TEXTS])

    assert np.allclose(alike[0], vectors[:2] @ vectors[0])
    assert alike[1].shape == (0,)
    assert np.allclose(alike[2], vectors @ vectors[2])


def test_texts_and_captions_are_encoded_together(features, monkeypatch):
    tokenize, batches = features.encoder.tokenize, []
    monkeypatch.setattr(
        features.encoder,
        "tokenize",
        lambda texts: (batches.append(list(texts)), tokenize(texts))[1],
    )

    features.similarities(["a dog", "a cup"], [["one", "two"], ["two", "three"]])

    assert batches == [["a dog", "a cup"], ["one", "two"], ["three"]]


def test_a_text_is_encoded_once(features, monkeypatch):
    features.vectors(TEXTS)
    monkeypatch.setattr(features.encoder, "tokenize", None)

    assert features.vectors(["a dog"]).shape[0] == 1
