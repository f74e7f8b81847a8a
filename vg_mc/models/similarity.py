"""Logits of unit vectors.

CLIP multiplies similarities by a learned scale, which training clips at 100 to stay stable
(https://arxiv.org/abs/2103.00020, section 2.5); the libraries evaluate with the stored scale, also
where another training left it above 100. SigLIP adds a learned bias and does not clip the scale
(https://arxiv.org/abs/2303.15343).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import log
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INITIAL_LOG_SCALE = log(1 / 0.07)  # initial value in CLIP's training
MAXIMAL_CLIP_SCALE = 100.0


class _AtMost(torch.autograd.Function):
    """Clamp a value from above, and let gradients that decrease it pass.

    The gradient of a plain clamp is zero beyond the limit. The scale in OpenAI's weights lies
    slightly beyond it and could not be trained any more.
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
    """Normalise features (N, D) to unit length, in float32 regardless of autocast."""
    return F.normalize(features.float(), dim=-1)


def similarity_logits(
    image_features: Tensor,  # (N, D)
    text_features: Tensor,  # (B, D)
    log_scale: Tensor,
    bias: Tensor | None,
    *,
    clipped: bool,
) -> Tensor:
    """Return logits (B, N) in float32; under autocast they would have three significant digits.

    With a bias (SigLIP) the scale is not clipped.
    """
    with torch.autocast(image_features.device.type, enabled=False):
        similarities = text_features.float() @ image_features.float().T
        scale = log_scale.float().exp()
        if bias is not None:
            return similarities * scale + bias.float()
        if clipped:
            scale = _AtMost.apply(scale, MAXIMAL_CLIP_SCALE)
        return similarities * scale


@contextmanager
def in_evaluation_mode(encoder: object) -> Iterator[None]:
    """Set a module to evaluation mode, and restore its previous mode on exit."""
    module = cast("nn.Module", encoder)
    was_training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)
