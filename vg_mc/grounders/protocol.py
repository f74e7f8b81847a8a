"""The protocols of grounders: they choose among candidates, or they predict a box.

A fine-tuned CLIP, a rule about boxes and a matcher of words are rows of one table this way, and
members of one ensemble.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes

if TYPE_CHECKING:
    from vg_mc.prepared.dataset import Expressions, PreparedDataset

Ids = NDArray[np.int64]
Logits = NDArray[np.float32]
Combination = Literal["mean", "sum", "max"]  # of logits of one candidate


class Chooser(Protocol):
    """A grounder that chooses among the candidates of an expression."""

    @property
    def name(self) -> str:
        """Its name in result tables, unless the user gives another one."""

    @property
    def facts(self) -> Mapping[str, str]:
        """What a reader of its numbers should know, such as the model or the seed."""

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:
        """Return the logits (C,) of each expression's candidates, in their order.

        An expression without candidates gets none. Among equal logits the first candidate is the
        answer. Where several processes were launched, all of them call this and get all logits.
        """


@runtime_checkable
class BoxPredictor(Protocol):
    """A grounder that predicts a box, whatever the candidates are."""

    @property
    def name(self) -> str:
        """Its name in result tables, unless the user gives another one."""

    @property
    def facts(self) -> Mapping[str, str]:
        """What a reader of its numbers should know, such as the model."""

    def predict(
        self, dataset: "PreparedDataset", expressions: "Expressions"
    ) -> tuple[Boxes, NDArray[np.float64] | None]:
        """Return a box (B, 4) for each expression, in pixels of its image as it is stored.

        A row of NaN says that there is none. With it come probabilities (B,) that the boxes are
        right, or None from a grounder that knows none. All processes that were launched call this.
        """


AnyGrounder = Chooser | BoxPredictor


@runtime_checkable
class TakesImages(Protocol):
    """A grounder with a model that takes candidate images of one size."""

    @property
    def image_size(self) -> int:
        """Side of these images in pixels."""

    def model_hash(self) -> str:
        """Return a hash of all that decides on its logits besides its input."""


def logits_in_order(*reasons: NDArray[np.floating]) -> Logits:
    """Rank candidates lexicographically: later criteria only break ties of earlier ones.

    Args:
        reasons: The criteria, one value for each candidate (C,), the most important first.

    Returns:
        Minus the rank of each candidate (C,), 0 for the best; equals share a rank.
    """
    table = np.stack([reason.astype(np.float64) for reason in reasons], axis=1)
    if not len(table):
        return np.empty(0, np.float32)
    ranks = np.unique(table, axis=0, return_inverse=True)[1].reshape(-1)
    logits: Logits = (ranks - ranks.max()).astype(np.float32)
    return logits


def joined(rows: list[Ids]) -> Ids:
    """Concatenate arrays of ids, of which there may be none."""
    return np.concatenate([np.empty(0, np.int64), *rows])
