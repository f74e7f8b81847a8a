"""How two sets of unit vectors become logits.

CLIP divides by a learned temperature and holds the scale at 100 or below, as its authors do to
keep training stable (https://arxiv.org/abs/2103.00020, section 2.5). SigLIP adds a learned bias and
knows no limit (https://arxiv.org/abs/2303.15343).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import log
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INITIAL_LOG_SCALE = log(1 / 0.07)  # what CLIP's training starts with
MAXIMAL_CLIP_SCALE = 100.0


class _AtMost(torch.autograd.Function):
    """Clamp a value from above without trapping it there.

    The gradient of a plain clamp is zero beyond the limit. The weights that OpenAI published stand
    a hair beyond it, so that their scale could never be learned again.
    """

    @staticmethod
    def forward(ctx: Any, value: Tensor, limit: float) -> Tensor:  # noqa: ANN401
        ctx.save_for_backward(value >= limit)
        return value.clamp(max=limit)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        (at_limit,) = ctx.saved_tensors
        leads_further_out = at_limit & (gradient < 0)
        return gradient.masked_fill(leads_further_out, 0), None


def unit_vectors(features: Tensor) -> Tensor:
    """Normalise features (N, D) to length one in float32, whatever the autocast."""
    return F.normalize(features.float(), dim=-1)


def similarity_logits(
    image_features: Tensor,  # (N, D)
    text_features: Tensor,  # (B, D)
    log_scale: Tensor,
    bias: Tensor | None,
) -> Tensor:
    """Return logits (B, N) in float32: under autocast they would keep three digits only.

    A model with a bias is a SigLIP, whose scale has no limit.
    """
    with torch.autocast(image_features.device.type, enabled=False):
        similarities = text_features.float() @ image_features.float().T
        scale = log_scale.float().exp()
        if bias is not None:
            return similarities * scale + bias.float()
        limited: Tensor = _AtMost.apply(scale, MAXIMAL_CLIP_SCALE)
        return similarities * limited


@contextmanager
def in_evaluation_mode(encoder: object) -> Iterator[None]:
    """Switch dropout and the learning of statistics off, and back on where they were."""
    module = cast("nn.Module", encoder)
    was_training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)
