"""Weights of the members of an ensemble: equal, or fitted on a validation split.

An ensemble of weighted logits is a multinomial logistic regression on the logits of its members, so
the weights with the lowest negative log-likelihood solve a convex problem with one parameter per
member. A weight is also an inverse temperature: for a single member, the fit is temperature scaling
(https://arxiv.org/abs/1706.04599).

As in training, the positive is the candidate with the highest IoU, and the negatives are all wrong
candidates. Expressions without a positive or without negatives are not used.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from vg_mc.errors import BadInputError
from vg_mc.metrics import is_right
from vg_mc.predictions.differences import first_difference
from vg_mc.predictions.ensembles.votes import with_votes
from vg_mc.predictions.outcomes import candidate_ious
from vg_mc.predictions.table import Predictions
from vg_mc.records import Weighting

Values = NDArray[np.float64]

# L2 penalty. It keeps weights finite if members are never wrong, and makes the weights of equal
# members equal. It is so small that it changes other weights by less than 0.01.
RIDGE = 1e-4
LARGEST_SLOPE = 1e-10  # gradient tolerance of the fit


@dataclass(frozen=True, slots=True)
class Rule:
    """Rule that combines the logits of members.

    Attributes:
        kind: `equal`, `calibrated` and `fitted` add weighted logits; `probability` averages the
            softmax over candidates, and `rank` the rank among them.
        weights: Factors of the members' logits; None for equal weights.
        note: Description of the rule for reports.
    """

    kind: Weighting
    weights: tuple[float, ...] | None
    note: str


EQUAL = Rule("equal", None, "equal")


def rule_of(weighting: Weighting, fit_on: Sequence[Predictions]) -> Rule:
    """Return the rule of a kind; `calibrated` and `fitted` are fitted on `fit_on`.

    Args:
        weighting: The kind of rule.
        fit_on: Predictions of each member for a validation split; empty for all other kinds.

    Raises:
        BadInputError: If `fit_on` is missing, not needed, inconsistent, or of a test split.
    """
    if weighting not in ("calibrated", "fitted"):
        if fit_on:
            problem = f"{weighting} weighting is not fitted; use calibrated or fitted"
            raise BadInputError(problem, record="--fit-on")
        return Rule(weighting, None, weighting)
    if not fit_on:
        problem = f"{weighting} weighting needs the members' predictions of a validation split"
        raise BadInputError(problem, record="--fit-on")
    fit_on = with_votes(fit_on)
    _check_fit(fit_on)
    if weighting == "fitted":
        weights = fitted_weights(fit_on)
    else:
        scales = [fitted_weights([member])[0] for member in fit_on]
        weights = tuple(scale / len(fit_on) for scale in scales)
    return Rule(weighting, weights, _note(weighting, weights, fit_on))


def ensemble_rule(
    weighting: Weighting,
    fit_on: Sequence[Predictions],
    reported: Iterable[Predictions],
) -> Rule:
    """Return the rule of an ensemble whose predictions `reported` are of other splits.

    Raises:
        BadInputError: As for `rule_of`, if `fit_on` is among `reported`, or if all weights are 0.
    """
    if fit_on:
        for predictions in reported:
            refuse_same_expressions(fit_on[0], predictions)
    rule = rule_of(weighting, fit_on)
    if rule.weights is not None and not any(rule.weights):
        problem = f"all fitted weights are 0: no member is better than chance on {fit_on[0].split}"
        raise BadInputError(problem, record="--fit-on")
    return rule


def _note(kind: Weighting, weights: Sequence[float], fit_on: Sequence[Predictions]) -> str:
    """Describe all weights, and report if only one of several is positive."""
    shares = (f"{member.name} {w:.4g}" for member, w in zip(fit_on, weights, strict=True))
    note = f"{kind} on {fit_on[0].split}: {', '.join(shares)}"
    used = [member.name for member, weight in zip(fit_on, weights, strict=True) if weight > 0]
    if len(used) == 1 < len(fit_on):
        note += f"; all weight is on {used[0]}, so the ensemble is equivalent to it"
    return note


def _check_fit(fit_on: Sequence[Predictions]) -> None:
    first, *others = fit_on
    if first.split.startswith("test"):
        problem = f"expected a validation split to fit weights on, found test split {first.split!r}"
        raise BadInputError(problem, record="--fit-on")
    for other in others:
        difference = first_difference(first, other)
        if difference is not None:
            problem = f"predictions to fit on do not match: {difference}"
            raise BadInputError(problem, record="--fit-on")


def refuse_same_expressions(fitted: Predictions, reported: Predictions) -> None:
    """Check that the reported expressions were not used to fit weights.

    Raises:
        BadInputError: If both have the same split or share an expression.
    """
    one, other = (dict(_questions(each)) for each in (fitted, reported))
    shared = [id_ for id_, text in other.items() if one.get(id_) == text]
    if fitted.split == reported.split or shared:
        which = f" (expression {shared[0]} is in both)" if shared else ""
        problem = f"the split {reported.split!r} is reported, so weights cannot be fitted on it"
        raise BadInputError(f"{problem}{which}; exclude it with --split", record="--fit-on")


def _questions(predictions: Predictions) -> Iterator[tuple[int, str]]:
    examples = predictions.examples
    return zip(examples.expression_ids.tolist(), examples.texts, strict=True)


def fitted_weights(members: Sequence[Predictions]) -> tuple[float, ...]:
    """Return the non-negative weights that maximize the likelihood of the positives.

    A weight is bit-identical for any order of the members, and is halved if all logits of its
    member are doubled.

    Raises:
        BadInputError: If no expression has both a positive and a negative.
    """
    gaps, starts = _gaps(members)
    # A canonical order, because rounding depends on the order of a sum.
    order = sorted(range(len(members)), key=lambda member: gaps[:, member].tobytes())
    spread = np.sqrt((gaps**2).mean(axis=0))
    spread[spread == 0] = 1  # a member with constant logits
    found = np.empty(len(members))
    found[order] = _least_loss((gaps / spread)[:, order], starts)
    return tuple((found / spread).tolist())


def _gaps(members: Sequence[Predictions]) -> tuple[Values, NDArray[np.int64]]:
    """Return differences of logits to the positive, and the first row of each expression.

    Gaps (N, M) of M members are concatenated over the expressions; the positive comes first.
    """
    questions = []
    for row, ious in enumerate(candidate_ious(members[0].choices, members[0].examples.targets)):
        right = is_right(ious)
        if right.any() and not right.all():
            asked = [int(np.argmax(ious)), *np.flatnonzero(~right)]
            logits = np.stack([member.choices.logits[row][asked] for member in members], axis=1)
            questions.append(logits.astype(np.float64) - logits[:1])
    if not questions:
        problem = (
            "no expression has both a positive and a negative candidate, so weights cannot be "
            "fitted; use --weighting equal, probability or rank"
        )
        raise BadInputError(problem, record=f"split {members[0].split!r}")
    ends = np.cumsum([len(question) for question in questions])
    return np.concatenate(questions), np.array([0, *ends[:-1]], np.int64)


def _least_loss(gaps: Values, starts: NDArray[np.int64]) -> Values:
    """Return the non-negative weights (M,) that minimize the loss."""
    members = gaps.shape[1]
    found = minimize(
        _loss,
        np.full(members, 1 / members),
        args=(gaps, starts),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * members,
        options={"ftol": 0, "gtol": LARGEST_SLOPE},
    )
    return np.asarray(found.x)


def _loss(weights: Values, gaps: Values, starts: NDArray[np.int64]) -> tuple[float, Values]:
    """Return the mean loss of the expressions and its gradient (M,)."""
    scores = gaps @ weights
    lengths = np.diff([*starts, len(scores)])
    highest = np.maximum.reduceat(scores, starts)
    powers = np.exp(scores - np.repeat(highest, lengths))
    totals = np.add.reduceat(powers, starts)
    shares = powers / np.repeat(totals, lengths)
    loss = float((highest + np.log(totals)).mean() + RIDGE / 2 * weights @ weights)
    return loss, gaps.T @ shares / len(starts) + RIDGE * weights
