"""What a batch is: tensors for the model, and the plan from which a worker makes them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

    from vg_mc.models.dual_encoder import TokenBatch

Indices = NDArray[np.int64]


class Batch(NamedTuple):
    """B questions over N pictures and U distinct texts, with at most C candidates each."""

    pictures: "Tensor"  # (N, 3, H, W) uint8, channels last in memory
    tokens: "TokenBatch"  # U texts
    text_index: "Tensor"  # (B,) which of the texts
    candidate_index: "Tensor"  # (B, C) which of the pictures; 0 where there is no candidate
    candidate_mask: "Tensor"  # (B, C), False where there is no candidate
    targets: "Tensor"  # (B, C) share of each candidate in the right answer; adds up to 1
    expression_ids: "Tensor"  # (B,)


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
