"""Adapters do not change the features initially, are trained alone, and can be merged."""

import importlib.util
from copy import deepcopy

import pytest
import torch
from torch import nn

from tests.refusals import refused
from vg_mc.models.loading import load_encoder
from vg_mc.models.trainable.adapters import add_adapters, merged
from vg_mc.models.trainable.freezing import train_only

pytest.importorskip("peft")


def adapted(model="tiny-vit", choice="all", seed=0):
    encoder = load_encoder(model, image_size=32)
    train_only(encoder, choice)
    add_adapters(encoder, 4, seed)
    return encoder


def layers_of(encoder):
    """Return the names of the adapted layers."""
    names = (name for name, value in encoder.named_parameters() if value.requires_grad)
    return {name.split(".lora_")[0] for name in names if ".lora_" in name}


def logits_of(encoder):
    pictures = torch.arange(2 * 3 * 32 * 32).reshape(2, 3, 32, 32).remainder(251).byte()
    return encoder(pictures, encoder.tokenize(["the red one", "a dog"]))


def learned(encoder):
    """Set the adapters to non-zero values, as training would."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in encoder.named_parameters():
            if "lora_B" in name:
                value.add_(torch.randn(value.shape, generator=generator) / 10)
    return encoder


def test_adapters_change_nothing_at_first_and_learn_alone_with_the_scale():
    encoder = adapted()

    assert torch.equal(logits_of(encoder), logits_of(load_encoder("tiny-vit", image_size=32)))
    logits_of(encoder).square().sum().backward()
    names = {name for name, value in encoder.named_parameters() if value.grad is not None}
    assert {name.split(".")[-3] for name in names - {"model.logit_scale"}} == {"lora_A", "lora_B"}
    assert "model.logit_scale" in names


def test_attention_and_mlp_layers_are_adapted():
    layers = layers_of(adapted())

    assert {name.split(".")[-1] for name in layers} == {
        *("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"),
    }
    assert len(layers) == 5 * 6  # both towers


@pytest.mark.parametrize(
    ("choice", "towers", "count"),
    [
        ("image", {"vision_model"}, 3 * 6),
        ("text", {"text_model"}, 2 * 6),
        ("last:1", {"vision_model", "text_model"}, 2 * 6),
    ],
)
def test_only_layers_of_trainable_blocks_are_adapted(choice, towers, count):
    layers = layers_of(adapted(choice=choice))

    assert {name.split(".")[1] for name in layers} == towers
    assert len(layers) == count


def test_layers_that_are_not_called_are_not_adapted():
    layers = layers_of(adapted("tiny-resnet", "text"))

    # torch's multi-head attention calls neither of its projections.
    assert {name.split(".")[-1] for name in layers} == {"c_fc", "c_proj"}


def test_every_adapter_has_an_effect():
    encoder = learned(adapted("tiny-resnet", "text"))

    logits_of(encoder).square().sum().backward()

    trained = {name: value for name, value in encoder.named_parameters() if value.requires_grad}
    assert all(value.grad.abs().sum() > 0 for value in trained.values())


@pytest.mark.parametrize(("model", "choice"), [("tiny-vit", "all"), ("tiny-resnet", "text")])
def test_a_merged_model_is_the_plain_one_and_gives_the_same_answers(model, choice):
    encoder = learned(adapted(model, choice))
    before, expected = deepcopy(encoder.state_dict()), logits_of(encoder)
    plain = load_encoder(model, image_size=32)

    with merged(encoder):
        weights = deepcopy(encoder.state_dict())
        assert torch.allclose(logits_of(encoder), expected, atol=1e-4)
        plain.load_state_dict(weights)

    assert torch.allclose(logits_of(plain), expected, atol=1e-4)
    assert not torch.allclose(logits_of(plain), logits_of(load_encoder(model, image_size=32)))
    after = encoder.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(value, before[name]) for name, value in after.items())


def test_a_merged_model_can_be_saved_and_loaded(tmp_path):
    encoder = learned(adapted())

    with merged(encoder):
        encoder.save(tmp_path)

    assert torch.allclose(logits_of(load_encoder(str(tmp_path))), logits_of(encoder), atol=1e-4)


def test_adapters_are_initialised_from_the_seed_without_the_global_generator():
    state = torch.random.get_rng_state()
    same, again, other = (adapted(seed=seed).state_dict() for seed in (1, 1, 2))

    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(value, again[name]) for name, value in same.items())
    assert {name.split(".")[-3] for name in same if not torch.equal(same[name], other[name])} == {
        "lora_A"
    }


@pytest.mark.parametrize(
    ("model", "choice", "problem"),
    [
        ("tiny-resnet", "all", "tiny-resnet"),
        ("tiny-vit", "projections", "tiny-vit"),
        ("tiny-vit", "logit-scale", "adapt"),
    ],
)
def test_the_error_names_a_tower_without_layers_to_adapt(model, choice, problem):
    with refused(*problem.split()) as caught:
        adapted(model, choice)

    assert caught.value.record == "--lora-rank"


def test_the_error_names_a_missing_library(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    with refused(record="--lora-rank"):
        adapted()


def test_projections_are_not_adapted():
    encoder = adapted()

    assert type(encoder.model.text_projection) is nn.Linear
