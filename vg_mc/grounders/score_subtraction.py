"""Score subtraction: what a candidate has in common with whatever is said speaks for nobody.

Some pictures are similar to every text. Red circle (https://arxiv.org/abs/2304.06712) and FGVP
(https://arxiv.org/abs/2306.04356) subtract from each score its mean over other captions of the
corpus, FGVP over 500 of them.
"""

import numpy as np
import torch
from torch import Tensor

from vg_mc.models.dual_encoder import DualEncoder
from vg_mc.prepared.dataset import Expressions, PreparedDataset
from vg_mc.records import TRAIN_SPLIT


def caption_sample(
    dataset: PreparedDataset, expressions: Expressions, count: int, seed: int
) -> list[str]:
    """Draw `count` different texts of the split train, or as many as there are.

    A dataset without training texts lends those of `expressions`; nothing but words is looked at.
    """
    if not count:
        return []
    train = dataset.expressions(TRAIN_SPLIT).texts if TRAIN_SPLIT in dataset.splits else []
    texts = sorted(set(train or expressions.texts))
    drawn = np.random.default_rng(seed).choice(
        len(texts), size=min(count, len(texts)), replace=False
    )
    return [texts[index] for index in drawn.tolist()]


class OtherCaptions:
    """Captions and their features, (Q, D) for each of P wordings; with none, nothing changes."""

    def __init__(self, texts: list[str], features: list[Tensor]) -> None:
        self.texts = frozenset(texts)
        self.features = features

    def sums(self, encoder: DualEncoder, images: list[Tensor]) -> Tensor:
        """Return the logits of candidates (N, D) of V views, summed over captions (V, P, N)."""
        if not self.texts:
            return torch.empty(0)
        return torch.stack(
            [
                torch.stack([encoder.logits(view, texts).sum(0) for texts in self.features])
                for view in images
            ]
        )

    def subtracted(
        self,
        scores: Tensor,  # (V, P, C)
        sums: Tensor,  # (V, P, N)
        candidates: Tensor,  # (C,), which of the N these are
        text: str,
    ) -> Tensor:
        """Subtract from the scores of `text` their mean over the captions that are other ones."""
        if not self.texts:
            return scores
        usual, others = sums[..., candidates], len(self.texts)
        if text in self.texts:
            usual, others = usual - scores, others - 1
        return scores - usual / max(1, others)
