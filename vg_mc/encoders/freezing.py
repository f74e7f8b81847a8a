"""Which weights of a dual encoder are trained; the others rest.

What is frozen runs in evaluation mode, also while the rest is trained: dropout off, the statistics
of batch norms fixed. A tower that is frozen as a whole then takes no memory for the backward pass.

What a library has frozen stays so: positions made of sines, as CLIPA's, are not to be learned.
"""

import re
from typing import TYPE_CHECKING

from torch import nn

from vg_mc.encoders.parts import Part, parts_of
from vg_mc.encoders.reached import reached
from vg_mc.faults import BadInputError

if TYPE_CHECKING:
    from vg_mc.encoders.loading import Encoder

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
    # A hook survives .train(). A list of layers is never called, so each module has its own hook.
    module.training = False
