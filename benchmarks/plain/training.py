"""Training in the baseline: each expression has its own images, as floats, and a padded text."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader, Dataset

from benchmarks.plain.evaluating import decode, to_pixels
from vg_mc.prepared.dataset import Expressions, PreparedDataset

CANDIDATES = 4


class Sentences(Dataset[tuple[Tensor, Tensor]]):
    """An expression as pixels (C, 3, H, W) and token ids (T,); the target is first."""

    def __init__(
        self,
        dataset: PreparedDataset,
        expressions: Expressions,
        model: Any,  # noqa: ANN401  # open_clip publishes no types
        tokenizer: Callable[[list[str]], Tensor],
        seed: int,
    ) -> None:
        self.dataset = dataset
        self.expressions = expressions
        self.transform = to_pixels(model)
        self.tokenizer = tokenizer
        self.seed = seed

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        pictures = self.dataset.picture_bytes(self._question(row))
        token_ids = self.tokenizer([self.expressions.texts[row]])[0]
        return decode(pictures, self.transform), token_ids

    def _question(self, row: int) -> NDArray[np.int64]:
        """Sample the negatives as vg_mc does in its first epoch, so that losses are comparable."""
        ids, ious = self.expressions.candidate_ids[row], self.expressions.ious[row]
        key = [self.seed, 0, int(self.expressions.expression_ids[row])]
        generator = np.random.default_rng(key)
        others = generator.choice(ids[ious <= 0.5], CANDIDATES - 1, replace=False)
        return np.concatenate([ids[[ious.argmax()]], others])


def train(
    model: Any,  # noqa: ANN401
    sentences: Sentences,
    batches: list[list[int]],
    learning_rate: float,
    *,
    bfloat16: bool,
    num_workers: int,
) -> Iterator[tuple[Tensor, Tensor, float]]:
    """Train one step per batch; yield its loss, token ids (B, T) and seconds of waiting."""
    model.train()
    for part in model.modules():
        if isinstance(part, _BatchNorm):
            part.eval()
    device = model.logit_scale.device
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.0)
    asked = perf_counter()
    for loaded in DataLoader(sentences, batch_sampler=batches, num_workers=num_workers):
        waited = perf_counter() - asked
        pixels, token_ids = (each.to(device) for each in loaded)
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            images = F.normalize(model.encode_image(pixels.flatten(0, 1)), dim=-1)
            texts = F.normalize(model.encode_text(token_ids), dim=-1)
        images = images.reshape(*pixels.shape[:2], -1).float()
        logits = model.logit_scale.exp() * torch.einsum("bcd,bd->bc", images, texts.float())
        loss = F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.int64, device=device))
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        yield loss.detach(), token_ids, waited
        asked = perf_counter()
