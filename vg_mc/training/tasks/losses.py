"""Text-to-region and region-to-text cross-entropy.

Shapes: B expressions, C candidates of each, N images that the candidates share. Masked candidates
take no part. Losses are per expression, so that parts of a batch can be weighted and added.
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
    """Part of the target distribution that is spread over all candidates."""


def choice_losses(
    logits: "Tensor",  # (B, C)
    targets: "Tensor",  # (B, C), share of each candidate in the right answer; adds up to 1
    mask: "Tensor",  # (B, C), False where there is no candidate
    *,
    label_smoothing: float = 0.0,
) -> "Tensor":
    """Return the cross-entropy (B,) of each sentence over its candidates.

    Args:
        logits: Any value, infinite ones included, may stand where there is no candidate.
        targets: 0 where there is no candidate.
        mask: At least one candidate in each row.
        label_smoothing: Share of the right answer that is spread over all candidates of a row.
    """
    log_shares = logits.masked_fill(~mask, -math.inf).log_softmax(dim=1).masked_fill(~mask, 0)
    even = mask.to(targets.dtype) / mask.sum(dim=1, keepdim=True)
    aims = (1 - label_smoothing) * targets + label_smoothing * even
    return -(aims * log_shares).sum(dim=1)


def sentence_losses(
    logits: "Tensor",  # (B, C)
    targets: "Tensor",  # (B, C), share of each candidate in the right answer; adds up to 1
    mask: "Tensor",  # (B, C), False where there is no candidate
    candidate_index: "Tensor",  # (B, C), which of the pictures
    pictures: int,
) -> "Tensor":
    """Return the cross-entropy (B,) with which each sentence's target chooses it.

    A target chooses between the sentence and all others that ask about the same picture and mean
    another. Those that mean the same one, as all sentences of a reference do, are right as well and
    no rivals of each other. Of several right candidates each counts by its share. The loss is 0
    where no sentence is a rival.
    """
    import torch
    from torch.nn import functional as F

    wrong = mask & (targets == 0)
    # One more column takes what is no rival, and is dropped.
    column = candidate_index.masked_fill(~wrong, pictures)
    # Not minus infinity: a picture without rivals would have gradients that are no numbers.
    lowest = torch.finfo(logits.dtype).min
    table = logits.new_full((len(logits), pictures + 1), lowest).scatter(1, column, logits)
    rivals = table[:, :pictures].logsumexp(dim=0)  # (N,)
    ahead = rivals[candidate_index] - logits.masked_fill(~mask, 0)
    return (targets * F.softplus(ahead)).sum(dim=1)


def mean_loss(logits: "Tensor", batch: Batch, options: LossOptions) -> "Tensor":
    """Return the mean loss () over the expressions of a batch, from their `logits` (B, C).

    With ``symmetric``, the loss of positives that choose among expressions is added. Both count
    once per expression, so that parts of a batch add up whatever they hold.
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
