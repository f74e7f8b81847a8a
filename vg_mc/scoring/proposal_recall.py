"""Proposal recall over the number of proposals, for any proposer.

Proposals are taken in descending order of their scores. The scores of several detectors are not
comparable, so that the order within a union of detectors is arbitrary; the recall of all proposals
does not depend on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from vg_mc.errors import BadInputError
from vg_mc.metrics import is_right
from vg_mc.metrics.ranking import first_right_ranks
from vg_mc.metrics.resampling import Estimate, estimate
from vg_mc.prepared.dataset import Expressions, PreparedDataset
from vg_mc.records import TRAIN_SPLIT
from vg_mc.scoring.ratios import mean_over_all
from vg_mc.scoring.split_report import Curve, proposal_counts


@dataclass(frozen=True, slots=True)
class ProposalRecall:
    """Recall of the proposals of a dataset.

    Attributes:
        name: Name of the dataset in tables.
        images: Number of images with expressions.
        expressions: Number of expressions, including those without proposals.
        boxes_per_image: Mean number of proposals per image.
        curve: Share of expressions with a correct proposal among the best k, over k; the last k is
            the maximum number of proposals per image.
    """

    name: str
    images: int
    expressions: int
    boxes_per_image: float
    curve: Curve

    def at(self, count: float) -> Estimate:
        """Return the recall of the best `count` proposals; it is one of `PROPOSALS`."""
        places = list(takewhile(lambda at: at <= count, self.curve.at))
        return self.curve.estimates[len(places) - 1]


def proposal_recalls(
    datasets: Sequence[PreparedDataset], splits: Sequence[str] = ()
) -> list[ProposalRecall]:
    """Compare the proposals of datasets on the same expressions.

    Args:
        datasets: The same splits of a corpus, prepared with different proposers.
        splits: Splits whose expressions count; all except train if empty.

    Raises:
        BadInputError: If there is no dataset, a split is unknown, or the expressions differ.
    """
    if not datasets:
        raise BadInputError("expected one or more folders of prepared datasets, found none")
    chosen = splits or [split for split in datasets[0].splits if split != TRAIN_SPLIT]
    parts = [[dataset.expressions(split) for split in chosen] for dataset in datasets]
    asked = [_ids(part) for part in parts]
    for dataset, ids in zip(datasets, asked, strict=True):
        if ids != asked[0]:
            problem = (
                f"expected the {len(asked[0]):,} expressions of {datasets[0].folder}, found "
                f"{len(ids):,} that are not the same; prepare both from one corpus, or choose "
                "common splits by --split"
            )
            raise BadInputError(problem, file=dataset.folder)
    if not asked[0]:
        problem = f"no expressions in the splits {', '.join(chosen) or '(none but train)'}"
        raise BadInputError(problem, file=datasets[0].folder, record="--split")
    return [
        _recall(name, dataset, part)
        for name, dataset, part in zip(_names(datasets), datasets, parts, strict=True)
    ]


def _names(datasets: Sequence[PreparedDataset]) -> list[str]:
    """Return the folder name of each dataset, or its path if several have the same name."""
    short = [dataset.folder.absolute().name for dataset in datasets]
    return [
        name if short.count(name) == 1 else str(dataset.folder)
        for name, dataset in zip(short, datasets, strict=True)
    ]


def _ids(parts: Sequence[Expressions]) -> list[int]:
    return [one for part in parts for one in part.expression_ids.tolist()]


def _recall(name: str, dataset: PreparedDataset, parts: Sequence[Expressions]) -> ProposalRecall:
    right = [is_right(ious) for part in parts for ious in part.ious]
    scores = [dataset.scores(ids) for part in parts for ids in part.candidate_ids]
    image_ids = np.concatenate([part.image_ids for part in parts])
    ranks = first_right_ranks(right, scores)
    counts = proposal_counts(np.array([len(row) for row in scores])) or (0,)
    estimates = estimate([mean_over_all(ranks <= count) for count in counts], image_ids)
    boxes = dict(zip(image_ids.tolist(), map(len, scores), strict=True))
    return ProposalRecall(
        name=name,
        images=len(boxes),
        expressions=len(image_ids),
        boxes_per_image=sum(boxes.values()) / len(boxes),
        curve=Curve(counts, tuple(estimates)),
    )
