"""Report of a split: all numbers of stored predictions, with intervals and denominators.

Tables, pages and plots are all rendered from this value.
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
from vg_mc.metrics.similarity import Histogram, SemanticSimilarity, cosine_histogram
from vg_mc.predictions import CandidateOutcomes, Outcomes, Predictions, Provenance, outcomes
from vg_mc.scoring.breakdowns import Group, confusion, groupings
from vg_mc.scoring.ratios import (
    SplitScores,
    mean_over_all,
    number_ratios,
    similarity_ratios,
    split_scores,
)

Ids = NDArray[np.int64]

PROPOSALS = (*range(1, 11), 15, 20, 30, 50, 75, 100, 150, 200, 300)


@dataclass(frozen=True, slots=True)
class Curve:
    """A number as a function of another one.

    Attributes:
        at: Positions on the x axis.
        estimates: Estimates at these positions.
    """

    at: tuple[float, ...]
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class GroupScores:
    """Scores of a group of expressions; each estimate includes the size of the group.

    Attributes:
        name: Name of the group.
        accuracy: Share of the group with a correct answer.
        oracle: Oracle accuracy, i.e. the share of the group with a correct candidate; None
            without candidates.
    """

    name: str
    accuracy: Estimate
    oracle: Estimate | None


@dataclass(frozen=True, slots=True)
class SplitReport:
    """Scores of one model or ensemble on a split or on a subset of it.

    Attributes:
        provenance: Provenance of the predictions.
        subset: Name of the subset, empty for the whole split.
        images: Number of images with expressions.
        scores: The numbers of the main table.
        numbers: All numbers with intervals and denominators: those of `scores`, ``accuracy@T`` for
            other IoU thresholds T, ``mean_accuracy`` (0.5 to 0.95), ``giou_accuracy`` (MDETR's
            rule), ``recall@K`` of the ranking, ``calibration_error``, and the similarities if
            features are given. Numbers that do not apply to the answers are omitted.
        accuracy_curve: Share of answers with an IoU above each threshold.
        oracle_curve: Share of expressions with a candidate above it; None without candidates.
        proposal_curve: Proposal recall over the number of proposals, in order of their scores;
            None without candidates.
        reliability: Confidence and accuracy of the answers in bins of confidence; None without
            confidences.
        breakdowns: Groups by the name of the grouping.
        confusion: Counts by category of the target and of the chosen box; None without candidates.
        cosines: Histograms of the cosine similarities with the target and with the expression;
            None without similarities.
    """

    provenance: Provenance
    subset: str
    images: int
    scores: SplitScores
    numbers: Mapping[str, Estimate]
    accuracy_curve: Curve
    oracle_curve: Curve | None
    proposal_curve: Curve | None
    reliability: tuple[ReliabilityBin, ...] | None
    breakdowns: Mapping[str, tuple[GroupScores, ...]]
    confusion: Mapping[str, Mapping[str, int]] | None
    cosines: Mapping[str, Histogram] | None

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
        """Name of the expressions in tables: the split, with the subset if there is one."""
        return f"{self.split}, {self.subset}" if self.subset else self.split


def score(
    predictions: Predictions, *, subset: str = "", similarity: SemanticSimilarity | None = None
) -> SplitReport:
    """Compute all numbers of predictions.

    Args:
        predictions: Predictions of all expressions that count.
        subset: Name of the subset in tables; empty for the whole split.
        similarity: Semantic similarities of the expressions of `predictions`.
    """
    judged, image_ids = outcomes(predictions), predictions.examples.image_ids
    candidates, groups = judged.candidates, groupings(predictions.examples, judged)
    ratios = number_ratios(judged) | similarity_ratios(similarity)
    proposals = () if candidates is None else proposal_counts(candidates.counts)
    every = [
        *ratios.values(),
        *(mean_over_all(judged.ious > threshold) for threshold in THRESHOLDS),
        *_group_ratios(groups, judged),
        *_candidate_ratios(candidates, proposals),
    ]
    estimates = iter(estimate(every, image_ids))  # with the same bootstrap samples
    numbers = dict(zip(ratios, estimates, strict=False)) | _calibration(judged, image_ids)
    return SplitReport(
        provenance=predictions.provenance,
        subset=subset,
        images=len(np.unique(image_ids)),
        scores=split_scores(judged),
        numbers=MappingProxyType(numbers),
        accuracy_curve=_curve(THRESHOLDS, estimates),
        breakdowns={
            name: _group_scores(parts, estimates, has_oracle=candidates is not None)
            for name, parts in groups.items()
        },
        oracle_curve=None if candidates is None else _curve(THRESHOLDS, estimates),
        proposal_curve=None if candidates is None else _curve(proposals, estimates),
        reliability=_reliability(judged),
        confusion=_confusion(predictions.examples.categories, candidates),
        cosines=_cosines(similarity),
    )


def _candidate_ratios(
    candidates: CandidateOutcomes | None, proposals: Iterable[int]
) -> Iterator[Ratio]:
    if candidates is not None:
        yield from (mean_over_all(candidates.best_ious > threshold) for threshold in THRESHOLDS)
        yield from (mean_over_all(candidates.proposal_ranks <= count) for count in proposals)


def _calibration(judged: Outcomes, image_ids: Ids) -> dict[str, Estimate]:
    if judged.confidences is None:
        return {}
    error = calibration_error(judged.confidences, judged.right, image_ids)
    return {"calibration_error": error}


def _reliability(judged: Outcomes) -> tuple[ReliabilityBin, ...] | None:
    if judged.confidences is None:
        return None
    return tuple(reliability(judged.confidences, judged.right))


def _cosines(similarity: SemanticSimilarity | None) -> dict[str, Histogram] | None:
    if similarity is None:
        return None
    return {
        "target": cosine_histogram(similarity.target_cosine),
        "sentence": cosine_histogram(similarity.sentence_cosine),
    }


def _confusion(
    categories: Sequence[str], candidates: CandidateOutcomes | None
) -> dict[str, dict[str, int]] | None:
    if candidates is None:
        return None
    return confusion(zip(categories, candidates.categories, strict=True))


def proposal_counts(counts: Ids) -> tuple[int, ...]:
    """Return the numbers of proposals on the x axis of a curve; the last one is the maximum.

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
    groups: Iterable[Group], estimates: Iterator[Estimate], *, has_oracle: bool
) -> tuple[GroupScores, ...]:
    return tuple(
        GroupScores(group.name, next(estimates), next(estimates) if has_oracle else None)
        for group in groups
    )


def _curve(at: tuple[float, ...], estimates: Iterator[Estimate]) -> Curve:
    return Curve(at, tuple(islice(estimates, len(at))))
