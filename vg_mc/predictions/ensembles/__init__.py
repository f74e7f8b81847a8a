"""Ensembles of stored predictions; no model is loaded.

Members can be any predictions of the same expressions with the same candidates: different models,
zero-shot grounders, several markers of one model, or flipped images. A predicted box votes among
the candidates of the other members.
"""

from vg_mc.predictions.ensembles.agreement import Agreement, agreement_of
from vg_mc.predictions.ensembles.combination import combine
from vg_mc.predictions.ensembles.members import read_fit_members, read_members
from vg_mc.predictions.ensembles.votes import with_votes
from vg_mc.predictions.ensembles.weights import (
    EQUAL,
    Rule,
    ensemble_rule,
    refuse_same_expressions,
    rule_of,
)

__all__ = [
    "EQUAL",
    "Agreement",
    "Rule",
    "agreement_of",
    "combine",
    "ensemble_rule",
    "read_fit_members",
    "read_members",
    "refuse_same_expressions",
    "rule_of",
    "with_votes",
]
