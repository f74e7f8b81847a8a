"""Rows of the expressions tables from drawn shards: candidate ids and IoUs with the target."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes, as_boxes, iou_matrix
from vg_mc.corpora.distractors import count_distractors
from vg_mc.metrics import RIGHT_ABOVE
from vg_mc.prepared.build.plan import ShardTask
from vg_mc.prepared.build.settings import PreparationSettings
from vg_mc.prepared.build.shards import kept_photos
from vg_mc.prepared.schema import open_shard, stored_number, stored_text
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.selection import IN_PLACE_OF_NONE
from vg_mc.records import Corpus, ReferringExpression


@dataclass(frozen=True, slots=True)
class Drawn:
    """The candidates of one image: consecutive rows of the candidates table.

    Attributes:
        candidate_ids: Row numbers (C,) of the candidates table.
        boxes: Boxes (C, 4) as xyxy, in pixels of the source image.
        stands_in: Whether the proposer found nothing, so that a substitute is the candidate.
    """

    candidate_ids: NDArray[np.int64]
    boxes: Boxes
    stands_in: bool


DrawnPhotos = dict[tuple[ProposerChoice, int], Drawn]


def read_drawn(tasks: list[ShardTask]) -> DrawnPhotos:
    """Return the candidates of each image by proposer and image id.

    Rejected images are missing; images without proposals have no candidates.
    """
    drawn: DrawnPhotos = {}
    first_row = 0
    for task in tasks:
        if not task.with_candidates:
            none = Drawn(np.empty(0, np.int64), as_boxes([]), stands_in=False)
            drawn |= {(task.proposer, photo.image_id): none for photo in kept_photos(task)}
            continue
        table = open_shard(task.path)
        image_ids = table.column("image_id").to_numpy()
        boxes = as_boxes(table.column("box").combine_chunks().flatten().to_numpy())
        stand_ins = np.isin(table.column("source").to_pylist(), sorted(IN_PLACE_OF_NONE))
        for photo in kept_photos(task):
            rows = np.flatnonzero(image_ids == photo.image_id)
            drawn[task.proposer, photo.image_id] = Drawn(
                rows + first_row, boxes[rows], bool(stand_ins[rows].any())
            )
        first_row += len(table)
    return drawn


def expression_rows(
    corpus: Corpus, split: str, settings: PreparationSettings, drawn: DrawnPhotos
) -> list[dict[str, Any]]:
    """Return the rows of one split, without expressions of rejected images."""
    proposer = settings.proposer_of(split)
    return [
        _row(
            expression, drawn[proposer, expression.image_id], count_distractors(expression, corpus)
        )
        for expression in corpus.expressions
        if expression.split == split and (proposer, expression.image_id) in drawn
    ]


def _row(expression: ReferringExpression, drawn: Drawn, rivals: int | None) -> dict[str, Any]:
    ious = iou_matrix(as_boxes([expression.target]), drawn.boxes)[0]
    return {
        "expression_id": expression.expression_id,
        "ref_id": expression.ref_id,
        "image_id": expression.image_id,
        "annotation_id": stored_number(expression.annotation_id),
        "text": expression.text,
        "target": list(expression.target),
        "category": stored_text(expression.category),
        "candidate_ids": drawn.candidate_ids.tolist(),
        "ious": ious.tolist(),
        "rivals": stored_number(rivals),
    }


def count_stand_ins(
    rows: list[dict[str, Any]], proposer: ProposerChoice, drawn: DrawnPhotos
) -> int:
    """Count the images of a split without detections, which have a substitute as candidate."""
    image_ids = {row["image_id"] for row in rows}
    return sum(drawn[proposer, image_id].stands_in for image_id in image_ids)


def count_split(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return counts of one split and its proposal recall.

    Proposal recall is the share of expressions with a correct proposal.
    """
    boxes_of_image = {row["image_id"]: len(row["candidate_ids"]) for row in rows}
    covered = sum(max(row["ious"], default=0.0) > RIGHT_ABOVE for row in rows)
    return {
        "images": len(boxes_of_image),
        "expressions": len(rows),
        "references": len({row["ref_id"] for row in rows}),
        "candidates": sum(boxes_of_image.values()),
        "boxes_per_image": sum(boxes_of_image.values()) / max(1, len(boxes_of_image)),
        "proposal_recall": covered / max(1, len(rows)),
        "without_proposals": sum(not row["candidate_ids"] for row in rows),
        "with_one_candidate": sum(len(row["candidate_ids"]) == 1 for row in rows),
    }
