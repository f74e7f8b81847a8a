"""Batches of multiple-choice questions, and which picture and which text each question needs.

Two ways to fill a batch. By expression, as clip-refcoco does it: a sentence, its target and a few
other candidates, drawn anew each epoch. By image: all candidates of an image are encoded once and
answer all of its sentences, which gives several times the supervision per encoded picture.

Every draw depends on (seed, epoch, expression or image id) alone, so that a run is the same for any
number of workers and processes, and after a resume.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from vg_mc.encoders.dual_encoder import TokenBatch
from vg_mc.metrics import is_right
from vg_mc.prepared.dataset import Expressions, PreparedDataset

Batching = Literal["expression", "image"]
Indices = NDArray[np.int64]


class Batch(NamedTuple):
    """B questions over N pictures and U distinct texts, with at most C candidates each."""

    pictures: Tensor  # (N, 3, H, W) uint8, channels last in memory
    tokens: TokenBatch  # U texts
    text_index: Tensor  # (B,) which of the texts
    candidate_index: Tensor  # (B, C) which of the pictures; 0 where there is no candidate
    candidate_mask: Tensor  # (B, C), False where there is no candidate
    targets: Tensor  # (B, C) share of each candidate in the right answer; adds up to 1
    expression_ids: Tensor  # (B,)


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """The questions that one process answers in one forward pass.

    Attributes:
        expressions: Indices of expressions.
        share: Weight of this part's mean loss, so that the parts of a batch add up to its mean.
    """

    epoch: int
    expressions: Indices
    share: float


def trainable(expressions: Expressions) -> Indices:
    """Return the expressions that teach something: a right candidate, and another to reject."""
    rows = [
        row
        for row, ious in enumerate(expressions.ious)
        if is_right(ious).any() and not is_right(ious).all()
    ]
    return np.array(rows, dtype=np.int64)


def plan_epoch(
    units: list[Indices], *, batch_size: int, parts: int, seed: int, epoch: int
) -> list[list[MicroBatch]]:
    """Shuffle `units` into batches of about `batch_size` units, each divided into `parts`.

    A unit is what stays together: an expression, or the expressions of an image. Batches are of
    nearly even size, so that none is left over. A part is one forward pass of one process.

    Raises:
        ValueError: If a batch has fewer units than parts.
    """
    batches = -(-len(units) // batch_size)
    order = np.random.default_rng([seed, epoch]).permutation(len(units))
    if len(units) // max(1, batches) < parts:
        raise ValueError(f"{len(units)} units in {batches} batches cannot be cut in {parts} parts")
    return [
        _divide([units[unit] for unit in chosen], parts, epoch)
        for chosen in np.array_split(order, batches)
    ]


def _divide(units: list[Indices], parts: int, epoch: int) -> list[MicroBatch]:
    total = sum(len(unit) for unit in units)
    divided = [np.concatenate(units[part::parts]) for part in range(parts)]
    return [MicroBatch(epoch, rows, share=len(rows) / total) for rows in divided]


def units_of(expressions: Expressions, rows: Indices, batching: Batching) -> list[Indices]:
    """Group the expressions `rows` into what stays together in a batch."""
    if batching == "expression":
        return [rows[index : index + 1] for index in range(len(rows))]
    order = np.argsort(expressions.image_ids[rows], kind="stable")
    image_ids = expressions.image_ids[rows][order]
    return np.split(rows[order], np.flatnonzero(np.diff(image_ids)) + 1)


class QuestionMaker(Dataset[tuple[Batch, float]]):
    """Turns a `MicroBatch` into tensors; runs in the workers of a data loader."""

    def __init__(
        self,
        dataset: PreparedDataset,
        expressions: Expressions,
        tokenize: Callable[[list[str]], TokenBatch],
        *,
        candidates: int | None,
        seed: int,
    ) -> None:
        """Prepare to ask about `expressions`.

        Args:
            dataset: Where the pictures are.
            expressions: The training split.
            tokenize: The model's tokenizer.
            candidates: The target and how many others make a question; None takes all others.
            seed: Seed of the draws.
        """
        self.dataset = dataset
        self.expressions = expressions
        self.tokenize = tokenize
        self.candidates = candidates
        self.seed = seed

    def __getitem__(self, part: MicroBatch) -> tuple[Batch, float]:
        questions = [self._question(row, part.epoch) for row in part.expressions]
        return self._assemble(part.expressions, questions), part.share

    def _question(self, row: int, epoch: int) -> Indices:
        """Return candidate ids of a question, the target first."""
        ids, ious = self.expressions.candidate_ids[row], self.expressions.ious[row]
        target = int(np.argmax(ious))
        # Another box on the same object would be a right answer too, so it is not asked against.
        others = ids[~is_right(ious)]
        if self.candidates is not None and len(others) > self.candidates - 1:
            key = [self.seed, epoch, int(self.expressions.expression_ids[row])]
            others = np.random.default_rng(key).choice(others, self.candidates - 1, replace=False)
        return np.concatenate([ids[target : target + 1], others])

    def _assemble(self, rows: Indices, questions: list[Indices]) -> Batch:
        texts = [self.expressions.texts[row] for row in rows]
        distinct_texts = list(dict.fromkeys(texts))
        position = {text: index for index, text in enumerate(distinct_texts)}
        distinct_ids, index = np.unique(np.concatenate(questions), return_inverse=True)
        candidate_index, mask = _padded(index, [len(question) for question in questions])
        pictures = torch.from_numpy(self.dataset.pictures(distinct_ids))
        return Batch(
            pictures=pictures.permute(0, 3, 1, 2),
            tokens=self.tokenize(distinct_texts),
            text_index=torch.tensor([position[text] for text in texts]),
            candidate_index=candidate_index,
            candidate_mask=mask,
            targets=_first(mask),
            expression_ids=torch.from_numpy(self.expressions.expression_ids[rows]),
        )


def _padded(values: Indices, lengths: list[int]) -> tuple[Tensor, Tensor]:
    """Lay consecutive runs of `values` out as rows; the mask tells values from padding."""
    mask = torch.arange(max(lengths))[None, :] < torch.tensor(lengths)[:, None]
    rows = torch.zeros(mask.shape, dtype=torch.int64)
    rows[mask] = torch.from_numpy(values)
    return rows, mask


def _first(mask: Tensor) -> Tensor:
    targets = torch.zeros(mask.shape)
    targets[:, 0] = 1
    return targets


def in_turn(batches: list[list[MicroBatch]], rank: int, processes: int) -> Iterator[MicroBatch]:
    """Yield the parts of process `rank`, in the order in which it computes them."""
    for parts in batches:
        yield from parts[rank::processes]
