"""Activations that are computed twice: less memory in training, for about a third more time.

The forward pass keeps only what goes into each block; the backward pass computes the rest anew
(https://arxiv.org/abs/1604.06174).
"""

from functools import partial
from typing import TYPE_CHECKING

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from vg_mc.encoders.parts import blocks_of
from vg_mc.faults import BadInputError

if TYPE_CHECKING:
    from vg_mc.encoders.loading import Encoder


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
