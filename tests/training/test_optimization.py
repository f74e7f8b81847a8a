import numpy as np
import open_clip
import pytest
import torch
import transformers
from accelerate import Accelerator
from open_clip.model import CLIP
from torch import nn
from transformers import get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

from tests.refusals import refused
from vg_mc.models.loading import load_encoder
from vg_mc.models.trainable.parts import layer_shares, parts_of
from vg_mc.training.optimization import (
    OptimizationOptions,
    build_optimizer,
    decaying,
    learning_rate_factor,
    set_learning_rate,
)


def optimizer_of(model, lr_scales=None, **options) -> torch.optim.AdamW:
    scales = lr_scales or {name: 1.0 for name, _ in model.named_parameters()}
    return build_optimizer(model, OptimizationOptions(**options), scales)


@pytest.mark.parametrize(("total", "ratio"), [(50, 0.1), (7, 0.0), (200, 0.25), (3, 1.0)])
def test_it_rises_and_falls_between_three_corners(total, ratio):
    warmup = round(total * ratio)

    factors = [learning_rate_factor(step, total, ratio) for step in range(total)]

    # One step before the first and one after the last it would be zero.
    expected = np.interp(range(total), [-1, warmup, total], [0, 1, 0])
    assert np.allclose(factors, expected)


@pytest.mark.parametrize(
    ("name", "reference"),
    [("linear", get_linear_schedule_with_warmup), ("cosine", get_cosine_schedule_with_warmup)],
)
def test_it_is_the_schedule_of_transformers_up_to_the_first_step(name, reference):
    total, warmup = 40, 4
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = reference(optimizer, warmup, total)
    theirs = []
    for _ in range(total):
        theirs.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()

    ours = [learning_rate_factor(step, total, warmup / total, name) for step in range(total)]

    assert np.allclose(ours[warmup:], theirs[warmup:])
    # Theirs wastes the first step on a learning rate of zero.
    assert theirs[0] == 0 < ours[0]


NORMS = (nn.LayerNorm, nn.BatchNorm2d)
EMBEDDINGS = {
    "tiny-vit": {
        "model.text_model.embeddings.token_embedding.weight",
        "model.text_model.embeddings.position_embedding.weight",
        "model.vision_model.embeddings.class_embedding",
        "model.vision_model.embeddings.position_embedding.weight",
    },
    "tiny-resnet": {
        "model.positional_embedding",
        "model.token_embedding.weight",
        "model.visual.attnpool.positional_embedding",
    },
}


@pytest.mark.parametrize("name", ["tiny-vit", "tiny-resnet"])
@pytest.mark.parametrize("layer_decay", [1.0, 0.7])
def test_every_weight_is_in_one_group_and_only_matrices_decay(name, layer_decay):
    encoder = load_encoder(name, image_size=32)

    groups = optimizer_of(
        encoder, layer_shares(encoder, layer_decay), weight_decay=0.1
    ).param_groups

    name_of = {id(parameter): name for name, parameter in encoder.named_parameters()}
    grouped = [name_of[id(parameter)] for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(name_of.values())
    assert {group["weight_decay"] for group in groups} == {0.1, 0.0}
    decay = {name_of[id(p)] for group in groups if group["weight_decay"] for p in group["params"]}
    norms = {
        f"{path}.{name}"
        for path, module in encoder.named_modules()
        if isinstance(module, NORMS)
        for name, _ in module.named_parameters()
    }
    biases = {name for name in name_of.values() if name.endswith("bias")}
    assert set(grouped) - decay == {*norms, *biases, *EMBEDDINGS[name], "model.logit_scale"}


# All that is no bias, no norm and yet does not decay, in models that take no memory.
TABLES = {
    "RN50": "positional_embedding token_embedding.weight visual.attnpool.positional_embedding",
    "ViT-B-32": (
        "positional_embedding token_embedding.weight visual.class_embedding"
        " visual.positional_embedding"
    ),
}


@pytest.mark.parametrize("architecture", TABLES)
def test_the_embeddings_of_open_clip_do_not_decay(architecture):
    with torch.device("meta"):
        model = CLIP(**open_clip.get_model_config(architecture))

    kept = {name for name, _ in model.named_parameters()} - decaying(model)

    of_norms = {
        f"{path}.weight" for path, module in model.named_modules() if isinstance(module, NORMS)
    }
    biases = {name for name in kept if name.endswith("bias")}
    assert kept - biases - of_norms == {*TABLES[architecture].split(), "logit_scale"}
    assert of_norms <= kept


@pytest.mark.parametrize("family", ["Siglip", "Siglip2"])
def test_what_siglip_pools_with_does_not_decay(family):
    config_class = getattr(transformers, f"{family}Config")
    layers = {"num_hidden_layers": 1}
    text_config = {**layers, "bos_token_id": 1, "eos_token_id": 2}
    with torch.device("meta"):
        config = config_class(text_config=text_config, vision_config=layers)
        model = getattr(transformers, f"{family}Model")(config)

    matrices = decaying(model)

    names = {name for name, value in model.named_parameters() if value.squeeze().ndim >= 2}
    assert {name.split(".")[-2] for name in names - matrices} == {
        *("token_embedding", "position_embedding"),
    }
    assert "vision_model.head.probe" not in matrices
    assert "vision_model.head.attention.in_proj_weight" in matrices


@pytest.mark.parametrize("name", ["tiny-vit", "tiny-resnet"])
def test_lower_layers_learn_more_slowly(name):
    encoder = load_encoder(name, image_size=32)
    optimizer = optimizer_of(
        encoder, layer_shares(encoder, 0.5), learning_rate=1.0, weight_decay=0.1
    )

    set_learning_rate(optimizer, 0.25)

    rate_of = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    parts = parts_of(encoder)
    for path, parameter in encoder.named_parameters():
        assert rate_of[id(parameter)] == 0.25 * 0.5 ** parts[path].depth
    assert len(set(rate_of.values())) == 6 - (name == "tiny-vit")


def test_without_layer_decay_a_model_of_unknown_parts_is_no_problem():
    encoder = load_encoder("tiny-vit", image_size=32)
    encoder.model.vision_model.gadget = nn.Linear(2, 2)

    assert set(layer_shares(encoder, 1.0).values()) == {1.0}
    with refused("gadget"):
        layer_shares(encoder, 0.9)


def test_the_second_moment_forgets_as_told():
    model = nn.Linear(2, 2)
    optimizer = optimizer_of(model, adam_beta2=0.98)

    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()

    second = optimizer.state[model.weight]["exp_avg_sq"]
    assert torch.allclose(second, torch.full((2, 2), 0.02))


def test_frozen_weights_are_left_out():
    encoder = load_encoder("tiny-vit", image_size=32)
    encoder.model.text_model.requires_grad_(False)

    groups = optimizer_of(encoder, weight_decay=0.1).param_groups

    trained = sum(parameter.requires_grad for parameter in encoder.parameters())
    assert sum(len(group["params"]) for group in groups) == trained


def test_the_learning_rate_reaches_the_optimizer_that_accelerate_wraps():
    model = nn.Linear(2, 2, bias=False)
    optimizer = optimizer_of(model, learning_rate=1.0)
    model, wrapped = Accelerator(cpu=True).prepare(model, optimizer)
    before = model.weight.detach().clone()

    set_learning_rate(wrapped, 0.25)
    model(torch.ones(1, 2)).sum().backward()
    wrapped.step()

    # Adam's first step is as long as the learning rate, whatever the gradient.
    assert torch.allclose(before - model.weight, torch.full((2, 2), 0.25))


def test_the_state_passes_through_the_optimizer_that_accelerate_wraps():
    def trained(steps, state=None):
        model = nn.Linear(2, 2)
        nn.init.ones_(model.weight)
        nn.init.zeros_(model.bias)
        optimizer = optimizer_of(model, learning_rate=0.1)
        model, wrapped = Accelerator(cpu=True).prepare(model, optimizer)
        if state is not None:
            model.load_state_dict(state["model"])
            wrapped.load_state_dict(state["optimizer"])
        for _ in range(steps):
            model(torch.tensor([[1.0, 3.0]])).square().sum().backward()
            wrapped.step()
            wrapped.zero_grad()
        return {"model": model.state_dict(), "optimizer": wrapped.state_dict()}

    at_once, in_two = trained(5), trained(2, trained(3))

    assert torch.equal(at_once["model"]["weight"], in_two["model"]["weight"])
    assert not torch.equal(at_once["model"]["weight"], trained(2)["model"]["weight"])
