"""Windows of a split: expressions that are answered together, with the pictures of their photos."""

import numpy as np
from numpy.typing import NDArray

from vg_mc.prepared.dataset import Expressions

Ids = NDArray[np.int64]


def windows_of(expressions: Expressions, candidates: int) -> list[Ids]:
    """Cut the expressions, photo by photo, into parts of at least so many `candidates`.

    Expressions of a photo stay together, since they share its pictures.
    """
    if not len(expressions):
        return []
    order = np.argsort(expressions.image_ids, kind="stable")
    photos = np.split(order, np.flatnonzero(np.diff(expressions.image_ids[order])) + 1)
    counts = [len(candidates_of(expressions, rows)) for rows in photos]
    # The window in which the first of a photo's candidates stands.
    window_of = (np.cumsum(counts) - counts) // candidates
    ends = np.flatnonzero(np.diff(window_of)) + 1
    groups = np.split(np.arange(len(photos)), ends)
    return [np.concatenate([photos[photo] for photo in group]) for group in groups]


def candidates_of(expressions: Expressions, rows: Ids) -> Ids:
    """Return the candidates of some expressions, sorted and each of them once."""
    return np.unique(joined([expressions.candidate_ids[row] for row in rows]))


def joined(rows: list[Ids]) -> Ids:
    """Put arrays of ids together, of which there may be none."""
    return np.concatenate([np.empty(0, np.int64), *rows])
