"""Activation checkpointing gives the same gradients and stores fewer activations."""

import pytest
import torch

from tests.refusals import refused
from vg_mc.models.loading import load_encoder
from vg_mc.models.trainable.adapters import recompute_blocks
from vg_mc.models.trainable.freezing import freeze_batch_norm, train_only

MODELS = ["tiny-vit", "tiny-resnet"]


def made(model, *, recomputed, choice="all", dropout=0.0):
    encoder = load_encoder(model, image_size=32)
    for module in encoder.modules():
        if hasattr(module, "dropout"):
            module.dropout = dropout
    train_only(encoder, choice)
    freeze_batch_norm(encoder)
    if recomputed:
        recompute_blocks(encoder, learns_statistics=False)
    return encoder.train()


def gradients(encoder):
    """Return all gradients, and the number of values stored for them."""
    pictures = torch.arange(2 * 3 * 32 * 32).reshape(2, 3, 32, 32).remainder(251).byte()
    kept = {}
    torch.manual_seed(0)  # of dropout

    def keep(tensor):
        kept[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        logits = encoder(pictures, encoder.tokenize(["the red one", "a dog"]))
    logits.square().sum().backward()
    found = {name: value.grad for name, value in encoder.named_parameters()}
    return {name: value for name, value in found.items() if value is not None}, sum(kept.values())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("choice", ["all", "image", "text", "last:1", "projections"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_gradients_are_equal(model, choice, dropout):
    once, twice = (
        gradients(made(model, recomputed=recomputed, choice=choice, dropout=dropout))[0]
        for recomputed in (False, True)
    )

    assert list(once) == list(twice)
    assert all(torch.equal(value, twice[name]) for name, value in once.items())


@pytest.mark.parametrize("model", MODELS)
def test_fewer_activations_are_stored(model):
    once, twice = (gradients(made(model, recomputed=recomputed))[1] for recomputed in (False, True))

    assert twice < 0.8 * once


def test_trainable_batch_norms_are_refused():
    with refused("--batch-norm", record="--gradient-checkpointing"):
        recompute_blocks(load_encoder("tiny-resnet", image_size=32), learns_statistics=True)

    recompute_blocks(load_encoder("tiny-vit", image_size=32), learns_statistics=True)
