import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import nn
from transformers import get_linear_schedule_with_warmup

from vg_mc.encoders import load_encoder
from vg_mc.training.optimization import build_optimizer, learning_rate_factor, set_learning_rate


@pytest.mark.parametrize(("total", "ratio"), [(50, 0.1), (7, 0.0), (200, 0.25), (3, 1.0)])
def test_it_rises_and_falls_between_three_corners(total, ratio):
    warmup = round(total * ratio)

    factors = [learning_rate_factor(step, total, ratio) for step in range(total)]

    # One step before the first and one after the last it would be zero.
    expected = np.interp(range(total), [-1, warmup, total], [0, 1, 0])
    assert np.allclose(factors, expected)


def test_it_is_the_schedule_of_transformers_up_to_the_first_step():
    total, warmup = 40, 4
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = get_linear_schedule_with_warmup(optimizer, warmup, total)
    theirs = []
    for _ in range(total):
        theirs.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()

    ours = [learning_rate_factor(step, total, warmup / total) for step in range(total)]

    assert np.allclose(ours[warmup:], theirs[warmup:])
    # Theirs wastes the first step on a learning rate of zero.
    assert theirs[0] == 0 < ours[0]


@pytest.mark.parametrize("name", ["tiny-vit", "tiny-resnet"])
def test_only_matrices_decay(name):
    encoder = load_encoder(name, image_size=32)

    decaying, others = build_optimizer(encoder, learning_rate=1e-3, weight_decay=0.1).param_groups

    name_of = {id(parameter): name for name, parameter in encoder.named_parameters()}
    plain = {name_of[id(parameter)] for parameter in others["params"]}
    assert (decaying["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
    assert len(decaying["params"]) + len(others["params"]) == len(name_of)
    norms = [
        f"{path}.{name}"
        for path, module in encoder.named_modules()
        if isinstance(module, nn.LayerNorm | nn.BatchNorm2d)
        for name, _ in module.named_parameters()
    ]
    assert plain >= {*norms, "model.logit_scale"}
    assert plain >= {name for name in name_of.values() if name.endswith("bias")}
    assert not any("proj" in name and name.endswith("weight") for name in plain)


def test_frozen_weights_are_left_out():
    encoder = load_encoder("tiny-vit", image_size=32)
    encoder.model.text_model.requires_grad_(False)

    groups = build_optimizer(encoder, learning_rate=1e-3, weight_decay=0.1).param_groups

    trained = sum(parameter.requires_grad for parameter in encoder.parameters())
    assert sum(len(group["params"]) for group in groups) == trained


def test_the_learning_rate_reaches_the_optimizer_that_accelerate_wraps():
    model = nn.Linear(2, 2, bias=False)
    optimizer = build_optimizer(model, learning_rate=1.0, weight_decay=0.0)
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
        optimizer = build_optimizer(model, learning_rate=0.1, weight_decay=0.0)
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
