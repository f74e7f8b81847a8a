"""The one hole that whatever answers expressions must fit: candidates in, logits out.

A fine-tuned CLIP, a rule about boxes and a matcher of words become rows of one table this way, and
members of one ensemble.

Logits out of reasons in their order of weight: a later reason only decides between equals.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vg_mc.prepared.dataset import Expressions, PreparedDataset

Logits = NDArray[np.float32]


class Scorer(Protocol):
    """Says of each candidate of an expression how well it fits."""

    @property
    def name(self) -> str:
        """How result tables call it, unless somebody names it."""

    @property
    def facts(self) -> Mapping[str, str]:
        """What a reader of its numbers should know, such as the model or the seed."""

    def logits(self, dataset: PreparedDataset, expressions: Expressions) -> list[Logits]:
        """Return the logits (C,) of each expression's candidates, in their order.

        An expression without candidates gets none. Among equal logits the first candidate is the
        answer. Where several processes were launched, all of them call this and get all logits.
        """


def logits_in_order(*reasons: NDArray[np.floating]) -> Logits:
    """Return minus the rank of each candidate (C,), 0 for the best; equals share a rank.

    Args:
        reasons: What speaks for the candidates (C,), the weightiest first.
    """
    table = np.stack([reason.astype(np.float64) for reason in reasons], axis=1)
    if not len(table):
        return np.empty(0, np.float32)
    ranks = np.unique(table, axis=0, return_inverse=True)[1].reshape(-1)
    logits: Logits = (ranks - ranks.max()).astype(np.float32)
    return logits
