"""Everything that stored predictions say about a split, with intervals and denominators.

The one value that tables, pages and plots are made of.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

import numpy as np

from vg_mc.metrics import SplitScores, is_right, summarize
from vg_mc.metrics.answers import THRESHOLDS
from vg_mc.metrics.calibration import ReliabilityBin, calibration_error, reliability
from vg_mc.metrics.ranking import answer_confidences, first_right_ranks
from vg_mc.metrics.resampling import Estimate, Ratio, estimate
from vg_mc.metrics.similarity import SemanticSimilarity
from vg_mc.predictions import Predictions
from vg_mc.scoring.breakdowns import Group, confusion, groupings
from vg_mc.scoring.ratios import (
    Outcomes,
    category_pairs,
    everyone,
    number_ratios,
    outcomes_of,
    similarity_ratios,
)

PROPOSALS = (*range(1, 11), 15, 20, 30, 50, 75, 100, 150, 200, 300)


@dataclass(frozen=True, slots=True)
class Curve:
    """A number as it changes along an axis.

    Attributes:
        at: Where on the axis the estimates stand.
    """

    at: tuple[float, ...]
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class GroupScores:
    """How well a group of expressions was answered; each estimate has their number.

    Attributes:
        ceiling: Share of the group with a candidate that would be right.
    """

    name: str
    accuracy: Estimate
    ceiling: Estimate


@dataclass(frozen=True, slots=True)
class SplitReport:
    """What one model, or an ensemble, scored on a split or on a subset of it.

    Attributes:
        name: What tables call the model.
        subset: Name of the subset, empty for the whole split.
        images: Photos that the expressions are about.
        scores: The numbers of the main table.
        numbers: All numbers with intervals and denominators: those of `scores`, ``accuracy@T`` for
            other IoU thresholds T, ``mean_accuracy`` (0.5 to 0.95), ``giou_accuracy`` (MDETR's
            rule), ``recall@K`` of the ranking, ``calibration_error``, and the similarities where
            features were given.
        accuracy_curve: Share of answers with an IoU above each threshold.
        ceiling_curve: Share of expressions with such a candidate.
        proposal_curve: Proposal recall over the number of proposals, in order of their scores.
        reliability: Confidence and accuracy of the answers, by confidence.
        breakdowns: Groups by what they are grouped by.
        confusion: Counts by category of the target and of the chosen box.
    """

    name: str
    split: str
    subset: str
    images: int
    scores: SplitScores
    numbers: Mapping[str, Estimate]
    accuracy_curve: Curve
    ceiling_curve: Curve
    proposal_curve: Curve
    reliability: tuple[ReliabilityBin, ...]
    breakdowns: Mapping[str, tuple[GroupScores, ...]]
    confusion: Mapping[str, Mapping[str, int]]

    @property
    def part(self) -> str:
        """What tables call the expressions: the split, and the subset of it."""
        return f"{self.split}, {self.subset}" if self.subset else self.split


def score(
    predictions: Predictions, *, subset: str = "", similarity: SemanticSimilarity | None = None
) -> SplitReport:
    """Compute all numbers of predictions, under their own name.

    Args:
        predictions: All expressions that count.
        subset: What tables call them if they are not the whole split.
        similarity: What the regions' features say, for each expression of `predictions`.
    """
    outcomes = outcomes_of(predictions)
    groups = groupings(predictions)
    ratios = number_ratios(predictions, outcomes) | similarity_ratios(similarity)
    needed = first_right_ranks([is_right(row) for row in predictions.ious], predictions.scores)
    proposals = proposal_counts(predictions.scores)
    every = [
        *ratios.values(),
        *(everyone(outcomes.ious > threshold) for threshold in THRESHOLDS),
        *(everyone(outcomes.best_ious > threshold) for threshold in THRESHOLDS),
        *(everyone(needed <= count) for count in proposals),
        *_group_ratios(groups, outcomes),
    ]
    estimates = iter(estimate(every, predictions.image_ids))  # all on the same draws
    right, confidences = is_right(outcomes.ious), answer_confidences(predictions.logits)
    calibration = calibration_error(confidences, right, predictions.image_ids)
    return SplitReport(
        name=predictions.name,
        split=predictions.split,
        subset=subset,
        images=len(np.unique(predictions.image_ids)),
        scores=summarize(predictions.ious, predictions.logits),
        numbers=MappingProxyType(
            dict(zip(ratios, estimates, strict=False)) | {"calibration_error": calibration}
        ),
        accuracy_curve=_curve(THRESHOLDS, estimates),
        ceiling_curve=_curve(THRESHOLDS, estimates),
        proposal_curve=_curve(proposals, estimates),
        reliability=tuple(reliability(confidences, right)),
        breakdowns={name: _group_scores(parts, estimates) for name, parts in groups.items()},
        confusion=confusion(category_pairs(predictions, outcomes)),
    )


def proposal_counts(scores: Sequence[Sized]) -> tuple[int, ...]:
    """Return the numbers of proposals that a curve shows, the last one being all of them."""
    most = max((len(row) for row in scores), default=0)
    return (*(count for count in PROPOSALS if count < most), *([most] if most else []))


def _group_ratios(groups: Mapping[str, Iterable[Group]], outcomes: Outcomes) -> Iterator[Ratio]:
    right, ceiling = is_right(outcomes.ious), is_right(outcomes.best_ious)
    for group in (each for parts in groups.values() for each in parts):
        yield Ratio(right & group.members, group.members)
        yield Ratio(ceiling & group.members, group.members)


def _group_scores(
    groups: Iterable[Group], estimates: Iterator[Estimate]
) -> tuple[GroupScores, ...]:
    return tuple(GroupScores(group.name, next(estimates), next(estimates)) for group in groups)


def _curve(at: tuple[float, ...], estimates: Iterator[Estimate]) -> Curve:
    return Curve(at, tuple(islice(estimates, len(at))))
