"""Where right answers stand: in the ranking of a model, or among a detector's proposals.

Expressions have different numbers of candidates, so rows are padded to a table and ranked at once;
padding ranks last, behind a logit of minus infinity too, since equals keep their order.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

Floats = NDArray[np.floating]
Ranks = NDArray[np.float64]

NEVER = np.inf  # the rank of what does not occur


def padded(rows: Sequence[Floats], fill: float) -> NDArray[np.float64]:
    """Lay B rows of C values each out as a table of shape (B, most C)."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    table = np.full((len(rows), int(lengths.max(initial=0))), fill, dtype=np.float64)
    inside = np.arange(table.shape[1])[None, :] < lengths[:, None]
    table[inside] = np.concatenate([np.empty(0), *rows])
    return table


def first_right_ranks(
    right: Sequence[NDArray[np.bool_]],  # B arrays (C,)
    ranked_by: Sequence[Floats],  # B arrays (C,)
) -> Ranks:
    """Rank of the first right candidate, best first, from 1; `NEVER` where none is, shape (B,).

    Equal candidates keep their order. By logits this decides recall@k, by a detector's scores how
    many proposals an expression needs.

    Raises:
        ValueError: If rows do not belong together or a rank is NaN.
    """
    if [len(row) for row in right] != [len(row) for row in ranked_by]:
        raise ValueError("candidates and what they are ranked by differ in number")
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
    """Softmax share of the highest logit of each expression, shape (B,); NaN without candidates."""
    table = padded(logits, -np.inf)
    if not table.size:
        return np.full(len(table), np.nan)
    highest = table.max(axis=1, keepdims=True)
    finite = np.where(np.isfinite(highest), highest, 0.0)  # a row of padding alone
    sums = np.exp(table - finite).sum(axis=1)
    shares = np.divide(1.0, sums, out=np.full(len(table), np.nan), where=sums > 0)
    return np.asarray(shares)


def probabilities(logits: Floats, temperature: float = 1.0) -> NDArray[np.float64]:
    """Return the softmax of finite logits (C,) at a temperature; empty for no candidates."""
    scaled = np.asarray(logits, np.float64) / temperature
    return np.asarray(softmax(scaled)) if scaled.size else scaled
