"""Score subtraction: subtract from each score of a candidate its mean over unrelated captions.

Some candidate images are similar to every text. Red circle (https://arxiv.org/abs/2304.06712) and
FGVP (https://arxiv.org/abs/2306.04356) correct for this with other captions of the corpus; FGVP
uses 500.
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
    """Sample distinct texts of the split train.

    If the dataset has no training texts, those of `expressions` are used. Targets are not used.

    Args:
        dataset: The prepared dataset.
        expressions: The evaluated expressions.
        count: Number of texts; fewer are returned if there are not enough.
        seed: Seed of the sample.
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
    """Captions and their features, (Q, D) for each of P prompt templates.

    Without captions, scores are returned unchanged.
    """

    def __init__(self, texts: list[str], features: list[Tensor]) -> None:
        self.texts = frozenset(texts)
        self.features = features

    def sums(self, encoder: DualEncoder, images: list[Tensor]) -> Tensor:
        """Return the logits of candidates summed over captions.

        Args:
            encoder: Computes logits from features.
            images: Features of the candidates (N, D), one tensor for each of V views.

        Returns:
            Sums of shape (V, P, N).
        """
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
        candidates: Tensor,  # (C,), positions among the N candidates
        text: str,
    ) -> Tensor:
        """Subtract from the scores of `text` their mean over all captions other than `text`."""
        if not self.texts:
            return scores
        usual, others = sums[..., candidates], len(self.texts)
        if text in self.texts:
            usual, others = usual - scores, others - 1
        return scores - usual / max(1, others)
