"""Models have equal hashes only if they compute the same features."""

import pytest
import torch

from vg_mc.models.features.identity import model_hash
from vg_mc.models.loading import load_encoder


@pytest.fixture(params=["tiny-vit", "tiny-resnet"])
def encoder(request):
    return load_encoder(request.param, image_size=32)


def test_copies_of_a_model_share_a_hash(encoder, tmp_path):
    copies = []
    for name in ("one", "two"):
        encoder.save(tmp_path / name)
        copies.append(load_encoder(str(tmp_path / name)))

    assert model_hash(copies[0], "no") == model_hash(copies[1], "no")
    assert model_hash(encoder, "no") == model_hash(encoder, "no")


def test_one_weight_changes_the_hash(encoder):
    before = model_hash(encoder, "no")
    with torch.no_grad():
        next(encoder.parameters()).view(-1)[0] += 1e-6

    assert model_hash(encoder, "no") != before


def test_batch_norm_statistics_change_the_hash():
    encoder = load_encoder("tiny-resnet", image_size=32)
    before = model_hash(encoder, "no")
    next(b for name, b in encoder.named_buffers() if "running" in name)[0] += 1e-6

    assert model_hash(encoder, "no") != before


def test_channel_statistics_change_the_hash(encoder):
    before = model_hash(encoder, "no")
    encoder.normalize.mean[0, 0] += 0.01

    changed = model_hash(encoder, "no")
    encoder.normalize.highest_value = 1

    assert len({before, changed, model_hash(encoder, "no")}) == 3


def test_a_setting_changes_the_hash():
    encoder = load_encoder("tiny-vit", image_size=32)
    before = model_hash(encoder, "no")
    encoder.model.config.vision_config.hidden_act = "relu"

    assert model_hash(encoder, "no") != before


def test_the_precision_changes_the_hash(encoder):
    assert model_hash(encoder, "no") != model_hash(encoder, "bf16")


def test_models_of_one_architecture_differ_by_their_weights(encoder):
    other = load_encoder(encoder.name, image_size=32, seed=1)

    assert model_hash(encoder, "no") != model_hash(other, "no")


def test_half_precision_weights_have_a_hash(encoder):
    assert model_hash(encoder.to(torch.bfloat16), "no") != model_hash(encoder.float(), "no")
