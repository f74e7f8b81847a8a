"""Everything that stored predictions say about a split, with intervals and denominators.

The one value that tables, pages and plots are made of.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from vg_mc.metrics.answers import THRESHOLDS
from vg_mc.metrics.calibration import ReliabilityBin, calibration_error, reliability
from vg_mc.metrics.resampling import Estimate, Ratio, estimate
from vg_mc.metrics.similarity import SemanticSimilarity
from vg_mc.predictions import CandidateOutcomes, Outcomes, Predictions, Provenance, outcomes
from vg_mc.scoring.breakdowns import Group, confusion, groupings
from vg_mc.scoring.ratios import (
    SplitScores,
    everyone,
    number_ratios,
    similarity_ratios,
    split_scores,
)

Ids = NDArray[np.int64]

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
        ceiling: Share of the group with a candidate that would be right; None without candidates.
    """

    name: str
    accuracy: Estimate
    ceiling: Estimate | None


@dataclass(frozen=True, slots=True)
class SplitReport:
    """What one model, or an ensemble, scored on a split or on a subset of it.

    Attributes:
        provenance: What was answered, and by what.
        subset: Name of the subset, empty for the whole split.
        images: Photos that the expressions are about.
        scores: The numbers of the main table.
        numbers: All numbers with intervals and denominators: those of `scores`, ``accuracy@T`` for
            other IoU thresholds T, ``mean_accuracy`` (0.5 to 0.95), ``giou_accuracy`` (MDETR's
            rule), ``recall@K`` of the ranking, ``calibration_error``, and the similarities where
            features were given. Those that do not apply to the answers are left out.
        accuracy_curve: Share of answers with an IoU above each threshold.
        ceiling_curve: Share of expressions with such a candidate; None without candidates.
        proposal_curve: Proposal recall over the number of proposals, in order of their scores;
            None without candidates.
        reliability: Confidence and accuracy of the answers, by confidence; None without
            confidences.
        breakdowns: Groups by what they are grouped by.
        confusion: Counts by category of the target and of the chosen box; None without candidates.
    """

    provenance: Provenance
    subset: str
    images: int
    scores: SplitScores
    numbers: Mapping[str, Estimate]
    accuracy_curve: Curve
    ceiling_curve: Curve | None
    proposal_curve: Curve | None
    reliability: tuple[ReliabilityBin, ...] | None
    breakdowns: Mapping[str, tuple[GroupScores, ...]]
    confusion: Mapping[str, Mapping[str, int]] | None

    @property
    def name(self) -> str:
        """Name of the model in tables."""
        return self.provenance.name

    @property
    def split(self) -> str:
        """The split that was answered."""
        return self.provenance.split

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
    judged, image_ids = outcomes(predictions), predictions.examples.image_ids
    candidates, groups = judged.candidates, groupings(predictions.examples, judged)
    ratios = number_ratios(judged) | similarity_ratios(similarity)
    proposals = () if candidates is None else proposal_counts(candidates.counts)
    every = [
        *ratios.values(),
        *(everyone(judged.ious > threshold) for threshold in THRESHOLDS),
        *_group_ratios(groups, judged),
        *_candidate_ratios(candidates, proposals),
    ]
    estimates = iter(estimate(every, image_ids))  # all on the same draws
    numbers = dict(zip(ratios, estimates, strict=False)) | _calibration(judged, image_ids)
    return SplitReport(
        provenance=predictions.provenance,
        subset=subset,
        images=len(np.unique(image_ids)),
        scores=split_scores(judged),
        numbers=MappingProxyType(numbers),
        accuracy_curve=_curve(THRESHOLDS, estimates),
        breakdowns={
            name: _group_scores(parts, estimates, has_ceiling=candidates is not None)
            for name, parts in groups.items()
        },
        ceiling_curve=None if candidates is None else _curve(THRESHOLDS, estimates),
        proposal_curve=None if candidates is None else _curve(proposals, estimates),
        reliability=_reliability(judged),
        confusion=_confusion(predictions.examples.categories, candidates),
    )


def _candidate_ratios(
    candidates: CandidateOutcomes | None, proposals: Iterable[int]
) -> Iterator[Ratio]:
    if candidates is not None:
        yield from (everyone(candidates.best_ious > threshold) for threshold in THRESHOLDS)
        yield from (everyone(candidates.proposal_ranks <= count) for count in proposals)


def _calibration(judged: Outcomes, image_ids: Ids) -> dict[str, Estimate]:
    if judged.confidences is None:
        return {}
    error = calibration_error(judged.confidences, judged.right, image_ids)
    return {"calibration_error": error}


def _reliability(judged: Outcomes) -> tuple[ReliabilityBin, ...] | None:
    if judged.confidences is None:
        return None
    return tuple(reliability(judged.confidences, judged.right))


def _confusion(
    categories: Sequence[str], candidates: CandidateOutcomes | None
) -> dict[str, dict[str, int]] | None:
    if candidates is None:
        return None
    return confusion(zip(categories, candidates.categories, strict=True))


def proposal_counts(counts: Ids) -> tuple[int, ...]:
    """Return the numbers of proposals that a curve shows, the last one being all of them.

    Args:
        counts: Number of proposals of each expression, shape (B,).
    """
    most = int(counts.max(initial=0))
    return (*(count for count in PROPOSALS if count < most), *([most] if most else []))


def _group_ratios(groups: Mapping[str, Iterable[Group]], judged: Outcomes) -> Iterator[Ratio]:
    for group in (each for parts in groups.values() for each in parts):
        yield Ratio(judged.right & group.members, group.members)
        if judged.candidates is not None:
            yield Ratio(judged.candidates.covered & group.members, group.members)


def _group_scores(
    groups: Iterable[Group], estimates: Iterator[Estimate], *, has_ceiling: bool
) -> tuple[GroupScores, ...]:
    return tuple(
        GroupScores(group.name, next(estimates), next(estimates) if has_ceiling else None)
        for group in groups
    )


def _curve(at: tuple[float, ...], estimates: Iterator[Estimate]) -> Curve:
    return Curve(at, tuple(islice(estimates, len(at))))
