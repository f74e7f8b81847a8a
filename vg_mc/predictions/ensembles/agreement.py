"""What members of an ensemble have in common: how often they agree, and what they know together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from vg_mc.predictions.outcomes import NOT_CHOSEN, CandidateOutcomes, Outcomes


@dataclass(frozen=True, slots=True)
class Agreement:
    """How members answer one split; a share of nothing is NaN.

    Attributes:
        expressions: Expressions of the split; divides the first two shares.
        any_right: Share that some member answers right. No choice between the members' answers
            can be right more often.
        all_right: Share that all members answer right.
        with_candidates: Expressions with a candidate; divides the third share.
        same_answer: Share for which all members choose the same candidate.
    """

    expressions: int
    any_right: float
    all_right: float
    with_candidates: int
    same_answer: float


def agreement_of(members: Sequence[Outcomes]) -> Agreement:
    """Compare the answers of members to the same expressions and candidates."""
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
        raise ValueError("members of an ensemble choose among candidates")
    return member.candidates


def _share(flags: ArrayLike) -> float:
    values = np.asarray(flags)
    return float(values.mean()) if values.size else float("nan")
