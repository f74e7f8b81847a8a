"""The main method: CLIP answers "which of these candidates does the expression describe?"."""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from vg_mc.batching import Batch
from vg_mc.encoders.dual_encoder import DualEncoder

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
