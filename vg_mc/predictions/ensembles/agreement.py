"""Agreement of the members of an ensemble, and the bounds that it sets on their combination."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from vg_mc.predictions.outcomes import NOT_CHOSEN, CandidateOutcomes, Outcomes


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of members on one split. Shares of an empty set are NaN.

    Attributes:
        expressions: Number of expressions; the denominator of `any_right` and `all_right`.
        any_right: Share that at least one member answers correctly. It is an upper bound for every
            choice between the members' answers.
        all_right: Share that all members answer correctly.
        with_candidates: Number of expressions with candidates; the denominator of `same_answer`.
        same_answer: Share for which all members choose the same candidate.
    """

    expressions: int
    any_right: float
    all_right: float
    with_candidates: int
    same_answer: float


def agreement_of(members: Sequence[Outcomes]) -> Agreement:
    """Compare the answers of members on the same expressions and candidates.

    Raises:
        ValueError: If the answers of a member are not choices among candidates.
    """
    right = np.stack([member.right for member in members])  # (M, B)
    chosen = np.stack([_candidates(member).chosen for member in members])
    asked = chosen[0] != NOT_CHOSEN
    same = (chosen == chosen[0]).all(axis=0)
    return Agreement(
        expressions=right.shape[1],
        any_right=_share(right.any(axis=0)),
        all_right=_share(right.all(axis=0)),
        with_candidates=int(asked.sum()),
        same_answer=_share(same[asked]),
    )


def _candidates(member: Outcomes) -> CandidateOutcomes:
    if member.candidates is None:
        raise ValueError("expected members of an ensemble with candidates, found predicted boxes")
    return member.candidates


def _share(flags: ArrayLike) -> float:
    values = np.asarray(flags)
    return float(values.mean()) if values.size else float("nan")
