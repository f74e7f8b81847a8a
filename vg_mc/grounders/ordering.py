"""Logits out of reasons in their order of weight: a later reason only decides between equals."""

import numpy as np
from numpy.typing import NDArray

from vg_mc.grounders.scorer import Logits


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
