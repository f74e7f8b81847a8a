"""Select trainable parameters; freeze the rest.

Frozen modules run in evaluation mode during training: without dropout, and with fixed batch norm
statistics. A tower that is frozen as a whole needs no memory for the backward pass. Parameters that
are frozen by a library, such as the sinusoidal position embeddings of CLIPA, stay frozen.

Batch norms can keep their statistics while the rest is trained. The candidate images of one image
are nearly equal, so the statistics of their batch are those of a single image.

Parameters that logits do not depend on are not trained, such as the mask token of DINOv2. They get
no gradient, which distributed training would wait for or fail on.
"""

import re
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from vg_mc.errors import BadInputError
from vg_mc.models.similarity import in_evaluation_mode
from vg_mc.models.trainable.parts import Part, parts_of

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder


def freeze_batch_norm(module: nn.Module) -> None:
    """Use the running statistics of all batch norms in `module` without updating them.

    This also holds in training mode; scale and shift are still trained. It is meant for pretrained
    models, since randomly initialised ones have no meaningful statistics.
    """
    for part in module.modules():
        if isinstance(part, _BatchNorm):
            part.register_forward_pre_hook(_to_evaluation_mode)


def statistics_of(module: nn.Module) -> list[str]:
    """Return the names of the buffers, including counters, of batch norms that are not frozen."""
    return [
        f"{path}.{name}"
        for path, part in module.named_modules()
        if isinstance(part, _BatchNorm) and not _is_frozen(part)
        for name, _ in part.named_buffers()
    ]


def trial_logits(encoder: "Encoder") -> Tensor:
    """Return the logits (1, 1) of a short text and a black image, in evaluation mode."""
    side = encoder.image_size
    with in_evaluation_mode(encoder):
        logits: Tensor = encoder(
            torch.zeros(1, 3, side, side, dtype=torch.uint8), encoder.tokenize(["a dog"])
        )
    return logits


def reached(encoder: "Encoder") -> set[str]:
    """Return the names of all parameters that get a gradient, which excludes frozen ones."""
    return behind(trial_logits(encoder), encoder)


def behind(output: Tensor, module: nn.Module) -> set[str]:
    """Return the names of the parameters of `module` that get a gradient from `output`."""
    found: set[object] = set()
    nodes = [output.grad_fn]
    while nodes:
        node = nodes.pop()
        if node is not None and node not in found:
            found.add(node)
            nodes += [each for each, _ in node.next_functions]
    weights = {id(node.variable) for node in found if hasattr(node, "variable")}
    return {name for name, value in module.named_parameters() if id(value) in weights}


_LAST = re.compile(r"last:([1-9]\d*)")


def check_choice(choice: str) -> None:
    """Check a choice for `train_only`.

    Raises:
        BadInputError: If `choice` is unknown.
    """
    names = ("all", "image", "text", "projections", "logit-scale", "none")
    if choice not in names and not _LAST.fullmatch(choice):
        expected = "all, image, text, last:K with K from 1, projections, logit-scale or none"
        raise BadInputError(f"expected {expected}, got '{choice}'", record="--train")


def train_only(encoder: "Encoder", choice: str) -> None:
    """Make the parameters of `choice` trainable, and freeze all others.

    The logit scale is always trained (except by ``none``), SigLIP's bias never: it cancels between
    candidates, and Adam would amplify the rounding errors in its gradient. Parameters that the
    logits do not depend on, or that are already frozen, stay frozen.

    Args:
        encoder: The model to train, on the CPU.
        choice: ``all``, ``image`` or ``text`` for a tower, ``last:K`` for all but the embeddings
            (the stem of a ResNet) and all but the last K blocks of each tower, ``projections`` into
            the common space (SigLIP's and a ResNet's attention pooling included),
            ``logit-scale`` alone, or ``none``.

    Raises:
        BadInputError: If `choice` requires the position of a parameter that is unknown.
    """
    check_choice(choice)
    parts = {} if choice in ("all", "logit-scale", "none") else parts_of(encoder)
    trainable = reached(encoder)
    for name, parameter in encoder.named_parameters():
        if name.endswith("logit_bias") or name not in trainable or choice == "none":
            chosen = False
        elif choice == "all" or name.endswith("logit_scale"):
            chosen = True
        else:
            chosen = choice != "logit-scale" and _is_chosen(parts[name], choice)
        parameter.requires_grad_(chosen)
    rest(encoder)


def _is_chosen(part: Part, choice: str) -> bool:
    if choice == "projections":
        return part.place == "projection"
    last = _LAST.fullmatch(choice)
    if last is None:
        return part.tower == choice
    return part.place != "start" and part.depth <= int(last[1])


def rest(encoder: nn.Module) -> None:
    """Keep modules with frozen weights only in evaluation mode, even if they are set to train."""
    resting: set[nn.Module] = set()
    for module in encoder.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            resting.update(module.modules())  # including modules without weights, such as dropout
    for module in resting:
        module.register_forward_pre_hook(_to_evaluation_mode)


def _is_frozen(module: nn.Module) -> bool:
    return _to_evaluation_mode in module._forward_pre_hooks.values()  # noqa: SLF001


def _to_evaluation_mode(module: nn.Module, _inputs: object) -> None:
    # A hook is not affected by .train() and is copied with the module. Each module needs its own,
    # because a ModuleList is never called.
    module.training = False
