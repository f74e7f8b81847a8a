"""LoRA adapters and activation checkpointing, for training with less memory.

An adapted layer adds ``B A x`` to its output, with low-rank matrices A and B
(https://arxiv.org/abs/2106.09685), while its own weights are frozen. In saved models the product is
merged into the weights, so loading them does not require peft.

Activation checkpointing stores only the inputs of each block and recomputes the rest in the
backward pass (https://arxiv.org/abs/1604.06174), which takes about a third more time.
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

ADAPTER = "default"  # peft's default name


def add_adapters(encoder: "Encoder", rank: int, seed: int) -> None:
    """Add adapters to the linear layers of all trainable blocks, and train only the adapters.

    Call `train_only` first. Besides the adapters only the logit scale is trained.

    Args:
        encoder: The model, on the CPU, modified in place; its features do not change.
        rank: Rank of the adapters.
        seed: Seed of their initialisation.

    Raises:
        BadInputError: If peft is not installed, or a trainable tower has no layer to adapt.
    """
    if importlib.util.find_spec("peft") is None:
        raise BadInputError("needs peft; pip install peft", record="--lora-rank")
    from peft import LoraConfig, inject_adapter_in_model

    names = _linear_layers(encoder)
    # A scale of 1: the learning rate alone controls the size of updates.
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=names)
    with random_start(seed):
        inject_adapter_in_model(config, encoder)
    encoder.model.logit_scale.requires_grad_()  # frozen by peft


@contextmanager
def merged(encoder: nn.Module) -> Iterator[None]:
    """Replace adapted layers by plain ones with merged weights while the context is active."""
    from peft.tuners.lora import LoraLayer

    modules = dict(encoder.named_modules())
    adapted = {name: each for name, each in modules.items() if isinstance(each, LoraLayer)}
    for name, module in adapted.items():
        encoder.set_submodule(name, _plain(module))
    try:
        yield
    finally:
        for name, module in adapted.items():
            encoder.set_submodule(name, module)  # type: ignore[arg-type]  # LoraLayer is a mixin of modules


def _plain(adapted: Any) -> nn.Linear:  # noqa: ANN401  # peft is optional
    """Return a linear layer with merged weights; `adapted` is not modified."""
    base = adapted.get_base_layer()
    plain = nn.Linear(base.in_features, base.out_features, device="meta")
    with torch.no_grad():
        plain.weight = nn.Parameter(base.weight + adapted.get_delta_weight(ADAPTER))
    plain.bias = base.bias
    return plain


def _linear_layers(encoder: "Encoder") -> list[str]:
    """Return the names of all linear layers in trainable blocks that can be adapted.

    Raises:
        BadInputError: If a tower has trainable weights, but no such layer.
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
                f"the {tower} tower of '{encoder.name}' has no linear layer in a trainable block "
                "that can be adapted; exclude the tower with --train",
                record="--lora-rank",
            )
    if not found:
        raise BadInputError("--train selects no tower to adapt", record="--lora-rank")
    return [name for names in found.values() for name in names]


def _called_linear_layers(encoder: "Encoder") -> list[str]:
    """Return the names of linear layers whose ``forward`` is called.

    Other code, such as torch's multi-head attention, reads only the weights of a layer, and would
    ignore an adapter.
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
    """Enable activation checkpointing for the blocks of both towers.

    Unlike the options of the libraries, this includes ResNets.

    Args:
        encoder: The model, modified in place; features and gradients do not change.
        learns_statistics: Whether batch norms update their statistics.

    Raises:
        BadInputError: If batch norms would be updated twice, or the encoder's blocks are unknown.
    """
    has_statistics = any(isinstance(module, _BatchNorm) for module in encoder.modules())
    if learns_statistics and has_statistics:
        problem = "batch norms would be updated twice per step; requires --batch-norm frozen"
        raise BadInputError(problem, record="--gradient-checkpointing")
    for block in blocks_of(encoder):
        _recompute(block)


def _recompute(block: nn.Module) -> None:
    forward = partial(checkpoint, block.forward, use_reentrant=False)
    block.forward = forward
