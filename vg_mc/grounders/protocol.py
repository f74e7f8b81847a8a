"""Protocols of grounders: a chooser ranks candidates, a box predictor predicts a box.

All grounders can be rows of one result table; choosers can be members of one ensemble.
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
        """The default name in result tables."""

    @property
    def facts(self) -> Mapping[str, str]:
        """Description of the grounder for reports, such as its model or seed."""

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:
        """Return the logits of each expression's candidates, shape (C,) with C from 0 upwards.

        The candidate with the highest logit is the answer, the first one among ties. All launched
        processes must call this method together; each receives all logits.
        """


@runtime_checkable
class BoxPredictor(Protocol):
    """A grounder that predicts a box independently of candidates."""

    @property
    def name(self) -> str:
        """The default name in result tables."""

    @property
    def facts(self) -> Mapping[str, str]:
        """Description of the grounder for reports, such as its model."""

    def predict(
        self, dataset: "PreparedDataset", expressions: "Expressions"
    ) -> tuple[Boxes, NDArray[np.float64] | None]:
        """Predict a box for each expression.

        All launched processes must call this method together.

        Returns:
            Boxes of shape (B, 4) in pixels of the source images, with a row of NaN where nothing
            was predicted; and the probabilities that the boxes are right, shape (B,), or None if
            the grounder does not estimate them.
        """


AnyGrounder = Chooser | BoxPredictor


@runtime_checkable
class TakesImages(Protocol):
    """A grounder whose model requires candidate images of a fixed size."""

    @property
    def image_size(self) -> int:
        """Side of the square images in pixels."""

    def model_hash(self) -> str:
        """Return a hash of everything besides the input that affects the logits."""


@runtime_checkable
class TakesWholeImages(Protocol):
    """A grounder whose model sees whole images, stored as in its training."""

    @property
    def whole_images(self) -> int:
        """Longer side of the stored images in pixels."""


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
    """Concatenate arrays of ids; an empty list gives an empty array."""
    return np.concatenate([np.empty(0, np.int64), *rows])
