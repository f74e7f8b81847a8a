"""What a wrong answer costs: of a sentence that chooses among boxes, and of a box among sentences.

Shapes: B sentences, C places for candidates in each, N pictures that the candidates share. What is
masked takes no part. Losses are per sentence, so that parts of a batch can be weighed and added.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def choice_losses(
    logits: Tensor,  # (B, C)
    targets: Tensor,  # (B, C), share of each candidate in the right answer; adds up to 1
    mask: Tensor,  # (B, C), False where there is no candidate
    *,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return the cross-entropy (B,) of each sentence over its candidates.

    Args:
        logits: Any value, infinite ones included, may stand where there is no candidate.
        targets: 0 where there is no candidate.
        mask: At least one candidate in each row.
        label_smoothing: Share of the right answer that is spread over all candidates of a row.
    """
    log_shares = logits.masked_fill(~mask, -torch.inf).log_softmax(dim=1).masked_fill(~mask, 0)
    even = mask.to(targets.dtype) / mask.sum(dim=1, keepdim=True)
    aims = (1 - label_smoothing) * targets + label_smoothing * even
    return -(aims * log_shares).sum(dim=1)


def sentence_losses(
    logits: Tensor,  # (B, C)
    targets: Tensor,  # (B, C), share of each candidate in the right answer; adds up to 1
    mask: Tensor,  # (B, C), False where there is no candidate
    candidate_index: Tensor,  # (B, C), which of the pictures
    pictures: int,
) -> Tensor:
    """Return the cross-entropy (B,) with which each sentence's target chooses it.

    A target chooses between the sentence and all others that ask about the same picture and mean
    another. Those that mean the same one, as all sentences of a reference do, are right as well and
    no rivals of each other. Of several right candidates each counts by its share. The loss is 0
    where no sentence is a rival.
    """
    wrong = mask & (targets == 0)
    # One more column takes what is no rival, and is dropped.
    column = candidate_index.masked_fill(~wrong, pictures)
    # Not minus infinity: a picture without rivals would have gradients that are no numbers.
    lowest = torch.finfo(logits.dtype).min
    table = logits.new_full((len(logits), pictures + 1), lowest).scatter(1, column, logits)
    rivals = table[:, :pictures].logsumexp(dim=0)  # (N,)
    ahead = rivals[candidate_index] - logits.masked_fill(~mask, 0)
    return (targets * F.softplus(ahead)).sum(dim=1)
