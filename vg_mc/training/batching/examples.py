"""Dataset of training examples, which assembles the tensors of each planned part of a batch."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vg_mc.models.dual_encoder import TokenBatch, distinct_texts
from vg_mc.prepared.dataset import Expressions, PreparedDataset
from vg_mc.text.cleaning import swap_left_right
from vg_mc.training.batching.augmentation import Pixels, Variation, draw_variation, varied
from vg_mc.training.batching.batches import Batch, Indices, MicroBatch
from vg_mc.training.batching.sampling import Question, choose
from vg_mc.training.options import TrainingOptions


class ExampleMaker(Dataset[tuple[Batch, float]]):
    """Assembles the tensors of a `MicroBatch`; runs in the workers of a data loader."""

    def __init__(
        self,
        dataset: PreparedDataset,
        expressions: Expressions,
        tokenize: Callable[[list[str]], TokenBatch],
        options: TrainingOptions,
    ) -> None:
        """Create training examples from `expressions`.

        Args:
            dataset: Provides the candidate images.
            expressions: The training split.
            tokenize: The model's tokenizer.
            options: Options of sampling and augmentation.
        """
        self.dataset = dataset
        self.expressions = expressions
        self.tokenize = tokenize
        self.options = options

    def __getitem__(self, part: MicroBatch) -> tuple[Batch, float]:
        questions = choose(
            self.expressions,
            part.expressions,
            self.options.examples,
            seed=self.options.schedule.seed,
            epoch=part.epoch,
        )
        return self._assemble(part, questions), part.share

    def _assemble(self, part: MicroBatch, questions: list[Question]) -> Batch:
        rows = part.expressions
        variations = self._variations(part)
        texts = [self._text(row, variations) for row in rows]
        tokens, text_index = distinct_texts(texts, self.tokenize)
        lengths = [len(question.shares) for question in questions]
        distinct_ids, first, index = np.unique(
            np.concatenate([question.candidate_ids for question in questions]),
            return_index=True,
            return_inverse=True,
        )
        mask = torch.arange(max(lengths))[None, :] < torch.tensor(lengths)[:, None]
        image_ids = np.repeat(self.expressions.image_ids[rows], lengths)[first]
        pictures = self._pictures(distinct_ids, image_ids, variations)
        return Batch(
            pictures=torch.from_numpy(pictures).permute(0, 3, 1, 2),
            tokens=tokens,
            text_index=text_index,
            candidate_index=_padded(torch.from_numpy(index), mask),
            candidate_mask=mask,
            targets=_padded(_shares(questions), mask),
            expression_ids=torch.from_numpy(self.expressions.expression_ids[rows]),
        )

    def _variations(self, part: MicroBatch) -> dict[int, Variation]:
        """Return the augmentation of each image of a part; empty without augmentation."""
        options, seed = self.options.augmentation, self.options.schedule.seed
        if not (options.flip or options.color_jitter):
            return {}
        return {
            image_id: draw_variation(
                options.flip, options.color_jitter, [seed, part.epoch, image_id]
            )
            for image_id in np.unique(self.expressions.image_ids[part.expressions]).tolist()
        }

    def _text(self, row: int, variations: dict[int, Variation]) -> str:
        text = self.expressions.texts[row]
        variation = variations.get(int(self.expressions.image_ids[row]))
        return swap_left_right(text) if variation and variation.mirrored else text

    def _pictures(
        self, candidate_ids: Indices, image_ids: Indices, variations: dict[int, Variation]
    ) -> Pixels:
        """Decode candidate images (N, H, W, 3) and apply the augmentation of their images."""
        pictures = self.dataset.pictures(candidate_ids)
        for image_id, variation in variations.items():
            here = image_ids == image_id
            pictures[here] = varied(pictures[here], variation)
        return pictures


def _shares(questions: list[Question]) -> Tensor:
    shares = np.concatenate([question.shares for question in questions])
    return torch.from_numpy(shares.astype(np.float32))


def _padded(values: Tensor, mask: Tensor) -> Tensor:
    """Arrange `values` in rows, padded with zeros where `mask` is False."""
    rows = torch.zeros(mask.shape, dtype=values.dtype)
    rows[mask] = values
    return rows
