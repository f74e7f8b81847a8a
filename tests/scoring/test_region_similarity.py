"""Similarities are those of the model's own features, and of nothing where there is nothing."""

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from tests.predictions.made import ious_of
from vg_mc.grounders.dual_encoder import DualEncoderGrounder
from vg_mc.metrics import is_right
from vg_mc.models.features.cache import FeatureBank
from vg_mc.models.loading import load_encoder
from vg_mc.predictions.run import answer
from vg_mc.scoring import region_similarity as module
from vg_mc.scoring.region_similarity import region_similarity
from vg_mc.text.cleaning import swap_left_right


@pytest.fixture(scope="module", params=[False, True])
def found(request, coloured, tmp_path_factory):
    """Answer testA, whose last expression has no candidates."""
    encoder = load_encoder("tiny-vit", image_size=32)
    folder = tmp_path_factory.mktemp("bank")
    view = coloured.first_view
    bank = FeatureBank(folder, model_hash="model", data_hash=coloured.data_hash, first_view=view)
    scorer = DualEncoderGrounder(
        accelerator=Accelerator(cpu=True), encoder=encoder, batch_size=8, num_workers=0,
        views=[view], bank=bank, mirrored=request.param,
    )  # fmt: skip
    return scorer, answer(scorer, coloured, "testA")


def test_they_are_those_of_the_features(found, coloured):
    scorer, predictions = found
    encoder, mirrored = scorer.encoder, scorer.mirrored

    similarity = region_similarity(scorer, predictions)

    for row, ids in enumerate(predictions.answers.candidate_ids[:-1]):
        pictures = torch.from_numpy(coloured.pictures(ids)).permute(0, 3, 1, 2)
        text = predictions.examples.texts[row]
        tokens = encoder.tokenize([swap_left_right(text) if mirrored else text])
        with torch.no_grad():
            images = encoder.encode_images(pictures.flip(3) if mirrored else pictures).numpy()
            sentence = encoder.encode_texts(tokens).numpy()[0]
        chosen = images[predictions.answers.logits[row].argmax()]
        target = images[ious_of(predictions)[row].argmax()]
        assert is_right(ious_of(predictions)[row]).any()
        assert similarity.target_cosine[row] == pytest.approx(chosen @ target, abs=1e-5)
        assert similarity.sentence_cosine[row] == pytest.approx(chosen @ sentence, abs=1e-5)
    assert np.isnan(similarity.sentence_cosine[-1])


def test_no_sentence_is_tokenized_again(found, monkeypatch):
    scorer, predictions = found

    def tokenize(texts):
        pytest.fail(f"{texts} were read before")

    monkeypatch.setattr(scorer.encoder, "tokenize", tokenize)

    assert len(region_similarity(scorer, predictions).sentence_cosine) == len(predictions)


def test_parts_make_up_the_whole(found, monkeypatch):
    scorer, predictions = found
    whole = region_similarity(scorer, predictions)
    monkeypatch.setattr(module, "ROWS", 5)

    parts = region_similarity(scorer, predictions)

    assert np.array_equal(whole.target_distance, parts.target_distance, equal_nan=True)
