"""What training minimises, and how often it was right about it."""

from torch import Tensor

from vg_mc.batching import Batch
from vg_mc.losses import choice_losses, sentence_losses
from vg_mc.training.settings import TrainingSettings


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
