"""Which weights of a dual encoder are trained; the others rest.

What is frozen runs in evaluation mode, also while the rest is trained: dropout off, the statistics
of batch norms fixed. A tower that is frozen as a whole then takes no memory for the backward pass.

What a library has frozen stays so: positions made of sines, as CLIPA's, are not to be learned.

Batch norm that keeps its statistics.

The candidates of one image are near copies of each other, so the statistics of such a batch are
those of one photo. A pretrained ResNet is fine-tuned with the statistics that it came with.

Which weights of a dual encoder its logits depend on.

Not all do: DINOv2 brings a token for masked patches, which are never masked here. Such a weight
gets no gradient, and several processes, which exchange those of all, would wait for it or give up.
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
    """Use and keep the running statistics of every batch norm in `module`, also in training mode.

    Its scale and shift are still learned. A model with a random start has no statistics worth
    keeping: leave it as it is.
    """
    for part in module.modules():
        if isinstance(part, _BatchNorm):
            part.register_forward_pre_hook(_to_evaluation_mode)


def statistics_of(module: nn.Module) -> list[str]:
    """Return the names of the statistics of all batch norms in `module`, counters included."""
    return [
        f"{path}.{name}"
        for path, part in module.named_modules()
        if isinstance(part, _BatchNorm)
        for name, _ in part.named_buffers()
    ]


def trial_logits(encoder: "Encoder") -> Tensor:
    """Return the logits (1, 1) of a short text and a black picture, in evaluation mode."""
    side = encoder.image_size
    with in_evaluation_mode(encoder):
        logits: Tensor = encoder(
            torch.zeros(1, 3, side, side, dtype=torch.uint8), encoder.tokenize(["a dog"])
        )
    return logits


def reached(encoder: "Encoder") -> set[str]:
    """Return the names of all weights that would get a gradient; those that are frozen do not."""
    found: set[object] = set()
    nodes = [trial_logits(encoder).grad_fn]
    while nodes:
        node = nodes.pop()
        if node is not None and node not in found:
            found.add(node)
            nodes += [each for each, _ in node.next_functions]
    weights = {id(node.variable) for node in found if hasattr(node, "variable")}
    return {name for name, value in encoder.named_parameters() if id(value) in weights}


_LAST = re.compile(r"last:([1-9]\d*)")


def check_choice(choice: str) -> None:
    """Refuse what `train_only` does not know.

    Raises:
        BadInputError: If `choice` is no choice of what is trained.
    """
    names = ("all", "image", "text", "projections", "logit-scale")
    if choice not in names and not _LAST.fullmatch(choice):
        expected = "all, image, text, last:K with K from 1, projections or logit-scale"
        raise BadInputError(f"expected {expected}, got '{choice}'", record="--train")


def train_only(encoder: "Encoder", choice: str) -> None:
    """Let the weights of `choice` have gradients, and no others.

    The logit scale is trained in every choice, SigLIP's bias in none: all candidates share it, so
    it cancels, and its gradient is rounding alone, which Adam makes as long as any other. Nor is
    what logits do not depend on, and what was frozen before.

    Args:
        encoder: What is trained; on the CPU.
        choice: ``all``, ``image`` or ``text`` for a tower, ``last:K`` for all but the embeddings
            (the stem of a ResNet) and all but the last K blocks of each tower, ``projections`` into
            the common space (SigLIP's and a ResNet's attention pooling included), or
            ``logit-scale`` alone.

    Raises:
        BadInputError: If the encoder's parts are not known well enough for `choice`.
    """
    check_choice(choice)
    parts = {} if choice in ("all", "logit-scale") else parts_of(encoder)
    trainable = reached(encoder)
    for name, parameter in encoder.named_parameters():
        if name.endswith("logit_bias") or name not in trainable:
            chosen = False
        elif choice == "all" or name.endswith("logit_scale"):
            chosen = True
        else:
            chosen = choice != "logit-scale" and _is_chosen(parts[name], choice)
        parameter.requires_grad_(chosen)
    _rest(encoder)


def _is_chosen(part: Part, choice: str) -> bool:
    if choice == "projections":
        return part.place == "projection"
    last = _LAST.fullmatch(choice)
    if last is None:
        return part.tower == choice
    return part.place != "start" and part.depth <= int(last[1])


def _rest(encoder: nn.Module) -> None:
    """Keep what has frozen weights only in evaluation mode, whatever mode is set."""
    resting: set[nn.Module] = set()
    for module in encoder.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            resting.update(module.modules())  # those without weights, such as dropout, too
    for module in resting:
        module.register_forward_pre_hook(_to_evaluation_mode)


def _to_evaluation_mode(module: nn.Module, _inputs: object) -> None:
    # A hook survives .train(), and a copy of the module takes it along. A list of layers is never
    # called, so each module has a hook of its own.
    module.training = False
