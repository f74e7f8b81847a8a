"""The main method: CLIP answers "which of these candidates does the expression describe?"."""

from torch import Tensor, nn

from vg_mc.batching import Batch
from vg_mc.encoders.dual_encoder import DualEncoder

NO_CANDIDATE = float("-inf")


class MultipleChoice(nn.Module):
    """Ranks candidates by the encoder's own similarity of picture and text; adds no weights."""

    def __init__(self, encoder: DualEncoder) -> None:
        """Wrap `encoder`, whose weights are the weights of this module."""
        super().__init__()
        self.encoder = encoder

    def forward(self, batch: Batch) -> Tensor:
        """Return logits (B, C), minus infinity where there is no candidate.

        Each picture and each distinct text is encoded once, however many questions need it.
        """
        images = self.encoder.encode_images(batch.pictures)
        texts = self.encoder.encode_texts(batch.tokens)
        logits = self.encoder.logits(images, texts)[batch.text_index]  # (B, N)
        logits = logits.gather(1, batch.candidate_index)
        return logits.masked_fill(~batch.candidate_mask, NO_CANDIDATE)
