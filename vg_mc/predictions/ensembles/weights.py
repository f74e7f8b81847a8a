"""How much each member of an ensemble counts: as much as the others, or as validation data say.

An ensemble of weighted logits is a multinomial logistic regression on the logits of its members, so
the weights of least negative log-likelihood are the solution of a convex problem with one number
per member. A weight is an inverse temperature as well: of one member alone, it calibrates it
(https://arxiv.org/abs/1706.04599).

Asked is what models are trained on: the candidate of the highest IoU against all wrong ones.
Expressions with no right candidate, or with no wrong one, say nothing about weights.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from vg_mc.errors import BadInputError
from vg_mc.metrics import is_right
from vg_mc.predictions.differences import first_difference
from vg_mc.predictions.outcomes import candidate_ious
from vg_mc.predictions.table import Predictions
from vg_mc.records import Weighting

Values = NDArray[np.float64]

# Where members are never wrong, the best weights are infinite: this holds them. It also gives two
# equal members equal weights. It is so small that it moves no weight by a hundredth elsewhere.
RIDGE = 1e-4
LARGEST_SLOPE = 1e-10  # where a fit ends


@dataclass(frozen=True, slots=True)
class Rule:
    """How an ensemble answers.

    Attributes:
        kind: `equal`, `calibrated` and `fitted` add up weighted logits; `probability` averages
            the softmax over candidates, `rank` the place among them.
        weights: What each member's logits are multiplied with; None for equal shares.
        note: All of this for a reader.
    """

    kind: Weighting
    weights: tuple[float, ...] | None
    note: str


EQUAL = Rule("equal", None, "equal")


def rule_of(weighting: Weighting, fit_on: Sequence[Predictions]) -> Rule:
    """Return the rule of a kind; `calibrated` and `fitted` learn it from `fit_on`.

    Args:
        weighting: The kind of rule.
        fit_on: What each member says of a validation split; empty for all other kinds.

    Raises:
        BadInputError: If there is too much or too little to fit on, or it is a test split.
    """
    if weighting not in ("calibrated", "fitted"):
        if fit_on:
            raise BadInputError(f"{weighting} weighting has nothing to fit", record="--fit-on")
        return Rule(weighting, None, weighting)
    if not fit_on:
        problem = f"{weighting} weighting needs the members' predictions of a validation split"
        raise BadInputError(problem, record="--fit-on")
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
    """Return the rule of an ensemble whose predictions of other splits are `reported`.

    Raises:
        BadInputError: As for `rule_of`, if `fit_on` is reported as well, or if no member gets any
            weight.
    """
    if fit_on:
        for predictions in reported:
            refuse_same_expressions(fit_on[0], predictions)
    rule = rule_of(weighting, fit_on)
    if rule.weights is not None and not any(rule.weights):
        problem = f"no weights make the right answers of {fit_on[0].split} likelier than chance"
        raise BadInputError(problem, record="--fit-on")
    return rule


def _note(kind: Weighting, weights: Sequence[float], fit_on: Sequence[Predictions]) -> str:
    """Tell every weight, and whether only one member is listened to."""
    shares = (f"{member.name} {w:.4g}" for member, w in zip(fit_on, weights, strict=True))
    note = f"{kind} on {fit_on[0].split}: {', '.join(shares)}"
    heard = [member.name for member, weight in zip(fit_on, weights, strict=True) if weight > 0]
    if len(heard) == 1 < len(fit_on):
        note += f"; all weight is on {heard[0]}: the ensemble answers as it does"
    return note


def _check_fit(fit_on: Sequence[Predictions]) -> None:
    first, *others = fit_on
    if first.split.startswith("test"):
        problem = f"weights fitted on the test split {first.split!r} would know its answers"
        raise BadInputError(problem, record="--fit-on")
    for other in others:
        difference = first_difference(first, other)
        if difference is not None:
            raise BadInputError(f"cannot be fitted on together: {difference}", record="--fit-on")


def refuse_same_expressions(fitted: Predictions, reported: Predictions) -> None:
    """Refuse to report what weights were fitted on, whatever the two splits are called.

    Raises:
        BadInputError: If both answer the same split or share an expression.
    """
    one, other = (dict(_questions(each)) for each in (fitted, reported))
    shared = [id_ for id_, text in other.items() if one.get(id_) == text]
    if fitted.split == reported.split or shared:
        which = f" (expression {shared[0]} is in both)" if shared else ""
        problem = f"the split {reported.split!r} is reported, so weights cannot be fitted on it"
        raise BadInputError(f"{problem}{which}; choose by --split", record="--fit-on")


def _questions(predictions: Predictions) -> Iterator[tuple[int, str]]:
    examples = predictions.examples
    return zip(examples.expression_ids.tolist(), examples.texts, strict=True)


def fitted_weights(members: Sequence[Predictions]) -> tuple[float, ...]:
    """Return the weights, none negative, under which the right answers are most likely.

    They follow their members in any order, to the last bit, and a member whose logits are all
    doubled gets half the weight.

    Raises:
        BadInputError: If no expression has both right and wrong candidates.
    """
    gaps, starts = _gaps(members)
    # A canonical order, as sums in another order differ in the last bit.
    order = sorted(range(len(members)), key=lambda member: gaps[:, member].tobytes())
    spread = np.sqrt((gaps**2).mean(axis=0))
    spread[spread == 0] = 1  # a member that says nothing
    found = np.empty(len(members))
    found[order] = _least_loss((gaps / spread)[:, order], starts)
    return tuple((found / spread).tolist())


def _gaps(members: Sequence[Predictions]) -> tuple[Values, NDArray[np.int64]]:
    """Return how far candidates are above the right one, and where each question starts.

    Gaps (N, M) of M members are joined over the questions; the right candidate comes first.
    """
    questions = []
    for row, ious in enumerate(candidate_ious(members[0].choices, members[0].examples)):
        right = is_right(ious)
        if right.any() and not right.all():
            asked = [int(np.argmax(ious)), *np.flatnonzero(~right)]
            logits = np.stack([member.choices.logits[row][asked] for member in members], axis=1)
            questions.append(logits.astype(np.float64) - logits[:1])
    if not questions:
        problem = "no expression has both a right and a wrong candidate"
        raise BadInputError(problem, record=f"split {members[0].split!r}")
    ends = np.cumsum([len(question) for question in questions])
    return np.concatenate(questions), np.array([0, *ends[:-1]], np.int64)


def _least_loss(gaps: Values, starts: NDArray[np.int64]) -> Values:
    """Minimize the loss among weights that are not negative."""
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
    """Return the mean loss of the questions and its gradient (M,)."""
    scores = gaps @ weights
    lengths = np.diff([*starts, len(scores)])
    highest = np.maximum.reduceat(scores, starts)
    powers = np.exp(scores - np.repeat(highest, lengths))
    totals = np.add.reduceat(powers, starts)
    shares = powers / np.repeat(totals, lengths)
    loss = float((highest + np.log(totals)).mean() + RIDGE / 2 * weights @ weights)
    return loss, gaps.T @ shares / len(starts) + RIDGE * weights
