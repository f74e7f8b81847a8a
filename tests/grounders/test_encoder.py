"""An encoder scores by its own similarity; tests/test_evaluation.py asks for more of it."""

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from vg_mc.encoders import load_encoder
from vg_mc.grounders.encoder import EncoderScorer


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("tiny-vit", image_size=32)


@pytest.fixture
def scorer(encoder) -> EncoderScorer:
    return EncoderScorer(
        accelerator=Accelerator(cpu=True), encoder=encoder, batch_size=8, num_workers=0
    )


def test_logits_are_the_encoders_own(scorer, encoder, coloured):
    expressions = coloured.expressions("val")

    logits = scorer.logits(coloured, expressions)

    for row, ids in enumerate(expressions.candidate_ids):
        pictures = torch.from_numpy(coloured.pictures(ids)).permute(0, 3, 1, 2)
        with torch.no_grad():
            own = encoder(pictures, encoder.tokenize([expressions.texts[row]]))[0]
        assert np.allclose(logits[row], own, atol=1e-5)
    assert scorer.name == encoder.name
