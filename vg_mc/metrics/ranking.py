"""Ranks of correct candidates by logits or by detection scores, and confidences of answers.

Rows of different lengths are padded to a table and ranked at once. Padding ranks last, also after a
logit of minus infinity, because ties keep their order.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

Floats = NDArray[np.floating]
Ranks = NDArray[np.float64]

NEVER = np.inf  # the rank if no candidate is correct


def padded(rows: Sequence[Floats], fill: float) -> NDArray[np.float64]:
    """Pad B rows to a table of shape (B, longest row)."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    table = np.full((len(rows), int(lengths.max(initial=0))), fill, dtype=np.float64)
    inside = np.arange(table.shape[1])[None, :] < lengths[:, None]
    table[inside] = np.concatenate([np.empty(0), *rows])
    return table


def first_right_ranks(
    right: Sequence[NDArray[np.bool_]],  # B arrays (C,)
    ranked_by: Sequence[Floats],  # B arrays (C,)
) -> Ranks:
    """Return the rank of the first correct candidate from 1, `NEVER` without one, shape (B,).

    Ties keep their order. Ranks by logits give recall@k; ranks by detection scores give the number
    of proposals that an expression needs.

    Raises:
        ValueError: If rows differ in length or a value to rank by is NaN.
    """
    if [len(row) for row in right] != [len(row) for row in ranked_by]:
        raise ValueError("candidates and the values to rank by differ in number")
    keys = padded(ranked_by, -np.inf)
    if np.isnan(keys).any():
        raise ValueError(f"expression {int(np.isnan(keys).any(axis=1).argmax())} is ranked by NaN")
    if not keys.size:
        return np.full(len(keys), NEVER)
    order = np.argsort(-keys, axis=1, kind="stable")
    flags = padded([row.astype(np.float64) for row in right], 0) > 0
    ranked = np.take_along_axis(flags, order, axis=1)
    return np.where(ranked.any(axis=1), ranked.argmax(axis=1) + 1.0, NEVER)


def answer_confidences(logits: Sequence[Floats]) -> NDArray[np.float64]:
    """Return the softmax probability of the highest logits, shape (B,); NaN without candidates."""
    table = padded(logits, -np.inf)
    if not table.size:
        return np.full(len(table), np.nan)
    highest = table.max(axis=1, keepdims=True)
    finite = np.where(np.isfinite(highest), highest, 0.0)  # a row that is only padding
    sums = np.exp(table - finite).sum(axis=1)
    shares = np.divide(1.0, sums, out=np.full(len(table), np.nan), where=sums > 0)
    return np.asarray(shares)


def probabilities(logits: Floats, temperature: float = 1.0) -> NDArray[np.float64]:
    """Return the softmax of finite logits (C,) at a temperature; empty without candidates."""
    scaled = np.asarray(logits, np.float64) / temperature
    return np.asarray(softmax(scaled)) if scaled.size else scaled
