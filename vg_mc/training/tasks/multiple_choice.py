"""The main method: CLIP answers "which of these candidates does the expression describe?".

What a wrong answer costs: of a sentence that chooses among boxes, and of a box among sentences.

Shapes: B sentences, C places for candidates in each, N pictures that the candidates share. What is
masked takes no part. Losses are per sentence, so that parts of a batch can be weighed and added.

What training minimises, and how often it was right about it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from vg_mc.models.dual_encoder import DualEncoder
from vg_mc.training.batching import Batch
from vg_mc.training.settings import TrainingSettings

NO_CANDIDATE = float("-inf")


class MultipleChoice(nn.Module):
    """Ranks candidates by the encoder's own similarity of picture and text; adds no weights."""

    def __init__(self, encoder: DualEncoder, *, picture_chunk: int = 0) -> None:
        """Wrap `encoder`, whose weights are the weights of this module.

        With a `picture_chunk` above 0, so many pictures are encoded at a time, and the backward
        pass encodes them again: what a tower keeps for it is there for one chunk only.
        """
        super().__init__()
        self.encoder = encoder
        self.picture_chunk = picture_chunk

    def forward(self, batch: Batch) -> Tensor:
        """Return logits (B, C), minus infinity where there is no candidate.

        Each picture and each distinct text is encoded once, however many questions need it.
        """
        images = self._encode_pictures(batch.pictures)
        texts = self.encoder.encode_texts(batch.tokens)
        logits = self.encoder.logits(images, texts)[batch.text_index]  # (B, N)
        logits = logits.gather(1, batch.candidate_index)
        return logits.masked_fill(~batch.candidate_mask, NO_CANDIDATE)

    def _encode_pictures(self, pictures: Tensor) -> Tensor:
        if not self.picture_chunk:
            return self.encoder.encode_images(pictures)
        # Autocast and the state of dropout are restored for the second time.
        chunks = [
            checkpoint(self.encoder.encode_images, chunk, use_reentrant=False)
            for chunk in torch.split(pictures, self.picture_chunk)
        ]
        return torch.cat(chunks)


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


def mean_loss(logits: Tensor, batch: Batch, settings: TrainingSettings) -> Tensor:
    """Return the loss (), as a mean over the sentences of `batch`, of their `logits` (B, C).

    With `settings.symmetric`, what it costs a box to find its sentence is added to what it costs
    the sentence to find its box. Both count once per sentence, so that parts of a batch add up
    whatever they hold.
    """
    losses = choice_losses(
        logits, batch.targets, batch.candidate_mask, label_smoothing=settings.label_smoothing
    )
    if settings.symmetric:
        losses = losses + settings.symmetric * sentence_losses(
            logits,
            batch.targets,
            batch.candidate_mask,
            batch.candidate_index,
            pictures=len(batch.pictures),
        )
    return losses.mean()


def share_right(logits: Tensor, batch: Batch) -> Tensor:
    """Return the share () of sentences whose best candidate is a right one."""
    chosen = logits.argmax(dim=1, keepdim=True)
    return (batch.targets.gather(1, chosen) > 0).float().mean()
