"""LoRA: small matrices are trained beside the large ones of a model, which stay as they are.

Each adapted layer adds ``B A x`` to its output, with A and B of a low rank
(https://arxiv.org/abs/2106.09685). Their product is a matrix of the layer's own shape. In a model
that is kept it is added to the weights, so that the model needs neither peft nor this project.

Activations that are computed twice: less memory in training, for about a third more time.

The forward pass keeps only what goes into each block; the backward pass computes the rest anew
(https://arxiv.org/abs/1604.06174).
"""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from vg_mc.errors import BadInputError
from vg_mc.models.loading import random_start
from vg_mc.models.trainable.freezing import trial_logits
from vg_mc.models.trainable.parts import Tower, blocks_of, parts_of

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder

ADAPTER = "default"  # peft's own name for the only one


def add_adapters(encoder: "Encoder", rank: int, seed: int) -> None:
    """Put adapters beside the linear layers of the blocks that are trained, and train them alone.

    Which those are `train_only` has said before; of all else the logit scale is trained.

    Args:
        encoder: On the CPU; it is changed in place, and gives the same features as before.
        rank: Of the adapters.
        seed: Their start follows from it alone.

    Raises:
        BadInputError: If peft is missing, or a tower that is to be trained has no layer to adapt.
    """
    if importlib.util.find_spec("peft") is None:
        raise BadInputError("needs peft; pip install peft", record="--lora-rank")
    from peft import LoraConfig, inject_adapter_in_model

    names = _linear_layers(encoder)
    # Scaled by 1: how fast adapters learn is up to the learning rate.
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=names)
    with random_start(seed):
        inject_adapter_in_model(config, encoder)
    encoder.model.logit_scale.requires_grad_()  # which peft has frozen with all else


@contextmanager
def merged(encoder: nn.Module) -> Iterator[None]:
    """Let `encoder` be a plain model with its adapters in the weights until the block ends."""
    from peft.tuners.lora import LoraLayer

    modules = dict(encoder.named_modules())
    adapted = {name: each for name, each in modules.items() if isinstance(each, LoraLayer)}
    for name, module in adapted.items():
        encoder.set_submodule(name, _plain(module))
    try:
        yield
    finally:
        for name, module in adapted.items():
            encoder.set_submodule(name, module)  # type: ignore[arg-type]  # peft: layers are modules, too


def _plain(adapted: Any) -> nn.Linear:  # noqa: ANN401  # peft is optional
    """Return a layer with the sum of both weights; `adapted` stays as it is."""
    base = adapted.get_base_layer()
    plain = nn.Linear(base.in_features, base.out_features, device="meta")
    with torch.no_grad():
        plain.weight = nn.Parameter(base.weight + adapted.get_delta_weight(ADAPTER))
    plain.bias = base.bias
    return plain


def _linear_layers(encoder: "Encoder") -> list[str]:
    """Return the names of all linear layers in trained blocks that can carry an adapter.

    Raises:
        BadInputError: If a tower has trained weights, but no such layer.
    """
    parts = parts_of(encoder)
    trained = {name for name, value in encoder.named_parameters() if value.requires_grad}
    found: dict[Tower, list[str]] = {
        tower: []
        for tower in ("image", "text")
        if any(parts[name].tower == tower for name in trained)
    }
    for name in _called_linear_layers(encoder):
        weight = f"{name}.weight"
        if weight in trained and parts[weight].place == "block":
            found[parts[weight].tower].append(name)
    for tower, names in found.items():
        if not names:
            raise BadInputError(
                f"the {tower} tower of '{encoder.name}' has no linear layer in a trained block "
                "that an adapter could stand beside; --train can leave that tower out",
                record="--lora-rank",
            )
    if not found:
        raise BadInputError("--train leaves no tower to adapt", record="--lora-rank")
    return [name for names in found.values() for name in names]


def _called_linear_layers(encoder: "Encoder") -> list[str]:
    """Return the names of linear layers that are called.

    Of others, such as those inside of torch's multi-head attention, some code reads the weights
    and passes by what stands beside them.
    """
    called: dict[str, None] = {}

    def note(name: str) -> Callable[[nn.Module, object], None]:
        return lambda _module, _inputs: called.setdefault(name)

    hooks = [
        module.register_forward_pre_hook(note(name))
        for name, module in encoder.named_modules()
        if type(module) is nn.Linear
    ]
    with torch.no_grad():
        trial_logits(encoder)
    for hook in hooks:
        hook.remove()
    return list(called)


def recompute_blocks(encoder: "Encoder", *, learns_statistics: bool) -> None:
    """Let the blocks of both towers be computed again in the backward pass.

    The libraries have switches of their own, which leave out ResNets.

    Args:
        encoder: It is changed in place; features and gradients stay as they are.
        learns_statistics: Whether batch norms do; they would see each batch twice.

    Raises:
        BadInputError: If batch norms learn, or the encoder's blocks are unknown.
    """
    has_statistics = any(isinstance(module, _BatchNorm) for module in encoder.modules())
    if learns_statistics and has_statistics:
        problem = "batch norms would see each batch twice: needs --batch-norm frozen"
        raise BadInputError(problem, record="--gradient-checkpointing")
    for block in blocks_of(encoder):
        _recompute(block)


def _recompute(block: nn.Module) -> None:
    forward = partial(checkpoint, block.forward, use_reentrant=False)
    block.forward = forward
