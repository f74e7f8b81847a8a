"""Combination of the logits of several members into those of their ensemble.

clip-refcoco averages the logits of its ResNet and its ViT. Members have different temperatures, so
that the mean of logits is implicitly weighted; other rules are available.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from scipy.stats import rankdata

from vg_mc.errors import BadInputError
from vg_mc.predictions.answers import PredictedBoxes
from vg_mc.predictions.differences import first_difference
from vg_mc.predictions.ensembles.votes import with_votes
from vg_mc.predictions.ensembles.weights import Rule
from vg_mc.predictions.provenance import Provenance
from vg_mc.predictions.table import Predictions
from vg_mc.records import Weighting

Values = NDArray[np.float64]

SCALE_DEPENDENT: tuple[Weighting, ...] = ("equal", "probability")


def combine(members: Sequence[Predictions], name: str, rule: Rule) -> Predictions:
    """Return the predictions of an ensemble.

    The result is bit-identical for any order of the members. If they used different datasets, the
    candidate ids are those of the first one.

    Predicted boxes vote among the candidates of the other members, see `votes`.

    Raises:
        BadInputError: If members have different expressions or candidates, or if predicted boxes
            vote under a rule that depends on the scale of logits.
    """
    _require_scale(members, rule)
    first, *others = members = with_votes(members)
    for other in others:
        difference = first_difference(first, other)
        if difference is not None:
            raise BadInputError(
                f"these predictions cannot be averaged: {difference}; "
                "evaluate all members on the same --dataset"
            )
    rows = zip(*(member.choices.logits for member in members), strict=True)
    logits = [_combined(np.stack(row).astype(np.float64), rule) for row in rows]
    return Predictions(
        first.examples, replace(first.choices, logits=logits), _provenance(members, name, rule)
    )


def _require_scale(members: Sequence[Predictions], rule: Rule) -> None:
    voting = [one.name for one in members if isinstance(one.answers, PredictedBoxes)]
    if voting and rule.kind in SCALE_DEPENDENT:
        problem = f"{rule.kind} weighting does not scale the votes of {voting[0]!r}, which are IoUs"
        raise BadInputError(f"{problem}; use fitted, calibrated or rank", record="--weighting")


def _combined(
    logits: Values,  # (M, C)
    rule: Rule,
) -> NDArray[np.float32]:
    if not logits.size:
        return np.empty(0, np.float32)
    if rule.kind == "probability":
        probabilities = softmax(logits, axis=1)
        # Logits must be finite; the floor is far below the resolution of float32.
        combined = np.log(np.maximum(_sum(probabilities) / len(logits), 1e-300))
    elif rule.kind == "rank":
        combined = -_sum(rankdata(-logits, axis=1) - 1) / len(logits)
    elif rule.weights is None:
        combined = _sum(logits) / len(logits)
    else:
        combined = _sum(logits * np.array(rule.weights)[:, None])
    return np.asarray(combined, dtype=np.float32)


def _sum(values: Values) -> Values:
    """Sum over members in sorted order, because rounding depends on the order of a sum."""
    return np.asarray(np.sort(values, axis=0).sum(axis=0))


def _provenance(members: Sequence[Predictions], name: str, rule: Rule) -> Provenance:
    """Return a provenance with the values that all members share."""
    first, *others = (member.provenance for member in members)
    shared = {
        field: getattr(first, field)
        for field in ("split", "corpus", "proposals", "detector_exposure", "model_hash")
        if all(getattr(other, field) == getattr(first, field) for other in others)
    }
    notes = {
        fact: value
        for fact, value in first.notes.items()
        if all(other.notes.get(fact) == value for other in others)
    }
    return Provenance(
        name=name,
        data_hash=" + ".join(dict.fromkeys(each.data_hash for each in (first, *others))),
        members=tuple(member.name for member in members),
        weighting=rule.note,
        notes=notes,
        **shared,
    )
