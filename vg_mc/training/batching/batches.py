"""Batch types: the tensors of a batch, and the plan from which a worker assembles them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

    from vg_mc.models.dual_encoder import TokenBatch

Indices = NDArray[np.int64]


class Batch(NamedTuple):
    """B training examples with N images, U distinct texts and up to C candidates each."""

    pictures: "Tensor"  # (N, 3, H, W) uint8, channels last in memory
    tokens: "TokenBatch"  # U texts
    text_index: "Tensor"  # (B,) index of the text
    candidate_index: "Tensor"  # (B, C) index of the image; 0 where there is no candidate
    candidate_mask: "Tensor"  # (B, C), False where there is no candidate
    targets: "Tensor"  # (B, C) soft targets; each row sums to 1
    expression_ids: "Tensor"  # (B,)


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """The training examples of one forward pass in one process.

    Attributes:
        expressions: Indices of expressions.
        share: Weight of the mean loss of this part; the weights of a batch sum to 1.
    """

    epoch: int
    expressions: Indices
    share: float
