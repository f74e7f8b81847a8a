"""Chosen parameters get gradients; all others are frozen."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from tests.models.families import build
from tests.refusals import refused
from vg_mc.models.loading import load_encoder
from vg_mc.models.trainable.freezing import check_choice, train_only
from vg_mc.models.trainable.parts import parts_of

MODELS = ["tiny-vit", "tiny-resnet"]
CHOICES = ["image", "text", "last:1", "last:2", "projections", "logit-scale"]


def tiny(model):
    return load_encoder(model, image_size=32)


def trained_names(encoder):
    return {name for name, parameter in encoder.named_parameters() if parameter.requires_grad}


def losses(encoder):
    """Return the features of two images and two texts."""
    pictures = torch.arange(2 * 3 * 32 * 32).reshape(2, 3, 32, 32).remainder(251).byte()
    texts = encoder.tokenize(["the red one", "a dog"])
    return encoder.encode_images(pictures), encoder.encode_texts(texts)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("choice", ["all", *CHOICES])
def test_exactly_the_chosen_parameters_get_a_gradient(model, choice):
    encoder = tiny(model)

    train_only(encoder, choice)
    encoder.logits(*losses(encoder)).square().sum().backward()

    with_gradient = {n for n, p in encoder.named_parameters() if p.grad is not None}
    assert with_gradient == trained_names(encoder)
    assert "model.logit_scale" in with_gradient


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("tower", ["image", "text"])
def test_a_tower_is_trained_as_a_whole_with_the_logit_scale(model, tower):
    encoder = tiny(model)

    train_only(encoder, tower)

    towers = {parts_of(encoder)[name].tower for name in trained_names(encoder)}
    assert towers == {tower, "both"}
    total = sum(part.tower in (tower, "both") for part in parts_of(encoder).values())
    assert len(trained_names(encoder)) == total


@pytest.mark.parametrize("model", MODELS)
def test_the_last_blocks_include_each_other_and_never_the_start(model):
    chosen = []
    for choice in ("projections", "last:1", "last:2", "last:3", "last:99", "all"):
        encoder = tiny(model)
        train_only(encoder, choice)
        chosen.append(trained_names(encoder))

    assert all(fewer <= more for fewer, more in pairwise(chosen))
    parts = parts_of(encoder)
    assert {parts[name].place for name in chosen[-1] - chosen[-2]} == {"start"}
    assert {part.place for name, part in parts.items() if name in chosen[1]} == {
        *("block", "projection", "scale", "end"),
    }


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("tower", "frozen"), [("image", 1), ("text", 0), ("logit-scale", 0)])
def test_a_frozen_tower_has_no_graph(model, tower, frozen):
    encoder = tiny(model).train()

    train_only(encoder, tower)

    assert losses(encoder)[frozen].grad_fn is None


@pytest.mark.parametrize("choice", ["text", "projections", "last:1"])
def test_frozen_modules_stay_in_evaluation_mode(choice):
    encoder = tiny("tiny-resnet")
    train_only(encoder, choice)
    before = {name: value.clone() for name, value in encoder.named_buffers()}

    encoder.train()
    losses(encoder)

    parts = parts_of(encoder)
    for path, module in encoder.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            frozen = not module.weight.requires_grad
            part = parts[f"{path}.weight"]
            assert frozen == (choice != "last:1" or part.depth > 1)
            assert module.training != frozen
            same = torch.equal(module.running_mean, before[f"{path}.running_mean"])
            assert same == frozen


def test_dropout_of_a_frozen_tower_is_off():
    encoder = tiny("tiny-vit")
    for module in encoder.modules():
        if hasattr(module, "dropout"):
            module.dropout = 0.5
    train_only(encoder, "text")
    encoder.train()

    (images, texts), (images_again, texts_again) = losses(encoder), losses(encoder)

    assert torch.equal(images, images_again)
    assert not torch.equal(texts, texts_again)


def test_the_logit_bias_is_never_trained():
    encoder = tiny("tiny-resnet")
    encoder.model.logit_bias = nn.Parameter(torch.tensor(-10.0))

    for choice in ("all", *CHOICES):
        train_only(encoder, choice)
        assert not encoder.model.logit_bias.requires_grad


@pytest.mark.parametrize("choice", ["all", "image", "last:9", "projections"])
def test_parameters_frozen_by_a_library_stay_frozen(choice):
    """The position embeddings of CLIPA are sinusoidal parameters, which are never trained."""
    encoder = tiny("tiny-resnet")
    encoder.model.visual.attnpool.positional_embedding.requires_grad_(False)

    train_only(encoder, choice)

    assert not encoder.model.visual.attnpool.positional_embedding.requires_grad
    assert encoder.model.visual.attnpool.c_proj.weight.requires_grad


@pytest.mark.parametrize("choice", ["all", "image"])
def test_an_unused_weight_is_not_trained(tmp_path, choice):
    encoder = build("dinov2-text", tmp_path)
    unused = "model.vision_model.embeddings.mask_token"

    train_only(encoder, choice)

    assert unused in dict(encoder.named_parameters())
    assert unused not in trained_names(encoder)
    assert "model.vision_model.embeddings.cls_token" in trained_names(encoder)


def test_a_model_with_unknown_parameters_can_be_trained_as_a_whole_or_by_its_scale():
    encoder = tiny("tiny-vit")
    encoder.model.vision_model.gadget = nn.Linear(2, 2)

    train_only(encoder, "logit-scale")
    train_only(encoder, "all")
    with refused("vision_model.gadget.weight"):
        train_only(encoder, "last:1")


@pytest.mark.parametrize("choice", ["", "last", "last:0", "last:-1", "last:x", "images", "last:1 "])
def test_an_unknown_choice_is_refused(choice):
    with refused(record="--train"):
        check_choice(choice)
