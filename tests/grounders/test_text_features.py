"""Texts are encoded as the model's own encoder does it, each only once."""

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from vg_mc.encoders import load_encoder
from vg_mc.grounders.text_features import TextFeatures

TEXTS = ["a dog", "a red cup on the left", "a dog"]


@pytest.fixture
def features():
    return TextFeatures(Accelerator(cpu=True), load_encoder("tiny-vit", image_size=32), 2)


def test_vectors_are_those_of_the_encoder(features):
    vectors = features.vectors(TEXTS)

    with torch.no_grad():
        expected = features.encoder.eval().encode_texts(features.encoder.tokenize(TEXTS))
    assert np.allclose(vectors, expected.numpy(), atol=1e-5)
    assert np.allclose(features.similarities(TEXTS, TEXTS), vectors @ vectors.T)


def test_a_text_is_encoded_once(features, monkeypatch):
    features.vectors(TEXTS)
    monkeypatch.setattr(features.encoder, "tokenize", None)

    assert features.vectors(["a dog"]).shape[0] == 1
