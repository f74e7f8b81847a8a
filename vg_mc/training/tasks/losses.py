"""Text-to-region and region-to-text cross-entropy.

Shapes: B expressions, C candidates per expression, N candidate images shared by the expressions.
Masked candidates are ignored. Losses are per expression, so that parts of a batch can be weighted
and summed.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from vg_mc.system.options import AT_LEAST_0, BELOW_1
from vg_mc.training.batching.batches import Batch

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class LossOptions:
    """The loss."""

    symmetric: Annotated[float, AT_LEAST_0] = 0.0
    """With batching by image: weight of a second loss, in which each positive chooses among the
    expressions of its image."""

    label_smoothing: Annotated[float, BELOW_1] = 0.0
    """Fraction of the target distribution that is spread evenly over all candidates."""


def choice_losses(
    logits: "Tensor",  # (B, C)
    targets: "Tensor",  # (B, C), soft targets; each row sums to 1
    mask: "Tensor",  # (B, C), False where there is no candidate
    *,
    label_smoothing: float = 0.0,
) -> "Tensor":
    """Return the cross-entropy (B,) of each expression over its candidates.

    Args:
        logits: Masked values may be anything, infinity included.
        targets: 0 where there is no candidate.
        mask: At least one candidate in each row.
        label_smoothing: Fraction of the targets that is spread evenly over the candidates of a row.
    """
    log_shares = logits.masked_fill(~mask, -math.inf).log_softmax(dim=1).masked_fill(~mask, 0)
    even = mask.to(targets.dtype) / mask.sum(dim=1, keepdim=True)
    aims = (1 - label_smoothing) * targets + label_smoothing * even
    return -(aims * log_shares).sum(dim=1)


def sentence_losses(
    logits: "Tensor",  # (B, C)
    targets: "Tensor",  # (B, C), soft targets; each row sums to 1
    mask: "Tensor",  # (B, C), False where there is no candidate
    candidate_index: "Tensor",  # (B, C), index of the candidate image
    pictures: int,
) -> "Tensor":
    """Return the region-to-text cross-entropy (B,) of the positives of each expression.

    For each positive, the expression competes with all expressions for which the same candidate
    image is a negative. Expressions with the same positive do not compete. The losses of several
    positives are weighted by their soft targets. The loss is 0 without competing expressions.
    """
    import torch
    from torch.nn import functional as F

    wrong = mask & (targets == 0)
    # An additional column collects all other candidates and is dropped.
    column = candidate_index.masked_fill(~wrong, pictures)
    # Minus infinity would give NaN gradients for images without competing expressions.
    lowest = torch.finfo(logits.dtype).min
    table = logits.new_full((len(logits), pictures + 1), lowest).scatter(1, column, logits)
    rivals = table[:, :pictures].logsumexp(dim=0)  # (N,)
    ahead = rivals[candidate_index] - logits.masked_fill(~mask, 0)
    return (targets * F.softplus(ahead)).sum(dim=1)


def mean_loss(logits: "Tensor", batch: Batch, options: LossOptions) -> "Tensor":
    """Return the mean loss () over the expressions of a batch, from their `logits` (B, C).

    With ``symmetric``, the weighted region-to-text loss is added. Both losses are means over
    expressions, so that parts of a batch can be summed.
    """
    losses = choice_losses(
        logits, batch.targets, batch.candidate_mask, label_smoothing=options.label_smoothing
    )
    if options.symmetric:
        losses = losses + options.symmetric * sentence_losses(
            logits,
            batch.targets,
            batch.candidate_mask,
            batch.candidate_index,
            pictures=len(batch.pictures),
        )
    return losses.mean()
