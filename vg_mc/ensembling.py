"""Ensembles: several models answer together, through predictions that they left on disk.

Averaging logits is what the method prescribes for its ResNet and its ViT. No model is loaded.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vg_mc.faults import BadInputError
from vg_mc.predictions import Predictions, first_difference


def average(members: Sequence[Predictions], name: str) -> Predictions:
    """Return the predictions whose logits are the means of the members' logits.

    The order of the members does not matter, to the last bit. Where they saw pictures of different
    datasets, the candidate ids are those of the first one.

    Raises:
        BadInputError: If members answer other expressions or choose among other candidates.
    """
    first, *others = members
    for other in others:
        difference = first_difference(first, other)
        if difference is not None:
            raise BadInputError(f"these predictions cannot be averaged: {difference}")
    rows = zip(*(member.logits for member in members), strict=True)
    return replace(
        first,
        name=name,
        data_hash=" + ".join(dict.fromkeys(member.data_hash for member in members)),
        logits=[_mean(row) for row in rows],
        facts=_shared_facts(members) | {"members": " + ".join(member.name for member in members)},
    )


def _mean(logits: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    # Sums of the same numbers in another order may differ in the last bit: sorted, they do not.
    ordered = np.sort(np.stack(logits).astype(np.float64), axis=0)
    return np.asarray(ordered.mean(axis=0), dtype=np.float32)


def _shared_facts(members: Sequence[Predictions]) -> dict[str, str]:
    """Keep what is true of every member."""
    first, *others = members
    return {
        fact: value
        for fact, value in first.facts.items()
        if all(other.facts.get(fact) == value for other in others)
    }
