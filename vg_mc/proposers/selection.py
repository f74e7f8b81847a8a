"""Selection of candidates: confidence, non-maximum suppression, unions, and jitter.

The same rules apply to detectors and to stored detections. The confidences of different detectors
are not comparable, so between proposers the order of a union decides: the box of the first proposer
is kept. Annotated boxes are always kept, since one of them may be the target.

Jitter shifts the edges of annotated boxes, so that training sees boxes like those of a detector.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vg_mc.boxes.arithmetic import as_boxes, clipped, iou_matrix
from vg_mc.proposers.choice import EVERY_OVERLAP, ProposerChoice
from vg_mc.records import ANNOTATIONS, WHOLE_IMAGE, Photo, Proposal

STEP = 0.1  # MAttNet lowers its threshold in these steps until an image has a detection

LOWER_CONFIDENCE = "lower-confidence"
IN_PLACE_OF_NONE = frozenset({WHOLE_IMAGE, LOWER_CONFIDENCE})  # sources of substitutes


def select(found: list[Proposal], photo: Photo, choice: ProposerChoice) -> list[Proposal]:
    """Return the detections of an image that become candidates, best first, ties in order."""
    ranked = sorted(found, key=lambda detection: -detection.score)
    kept = _at_least(ranked, choice.confidence) or in_place_of_none(ranked, photo, choice)
    return without_overlaps(kept, choice.nms)[: choice.max_proposals]


def in_place_of_none(
    ranked: list[Proposal], photo: Photo, choice: ProposerChoice
) -> list[Proposal]:
    """Return the substitute candidates of an image without detections above the threshold.

    Their `source` is one of `IN_PLACE_OF_NONE`.
    """
    if choice.when_empty == "whole-image":
        return [
            Proposal((0.0, 0.0, float(photo.width), float(photo.height)), 0.0, None, WHOLE_IMAGE)
        ]
    if choice.when_empty == "lower-confidence" and ranked:
        threshold, best = choice.confidence, ranked[0].score
        while best < threshold:
            threshold = round(threshold - STEP, 6)  # in floats, 0.25 - 0.1 - 0.1 is below 0.05
        return [
            replace(detection, source=LOWER_CONFIDENCE)
            for detection in _at_least(ranked, threshold)
        ]
    return []


def without_overlaps(ranked: list[Proposal], most: float) -> list[Proposal]:
    """Remove each box whose IoU with a better kept box exceeds `most`."""
    if most >= EVERY_OVERLAP or len(ranked) < 2:
        return ranked
    import torch
    from torchvision.ops import nms

    corners = as_boxes([detection.box for detection in ranked])
    falling = np.arange(len(ranked), 0, -1, dtype=np.float64)  # ranks, since scores may be equal
    kept = nms(torch.from_numpy(corners), torch.from_numpy(falling), most)
    return [ranked[index] for index in kept.tolist()]


def _at_least(ranked: list[Proposal], score: float) -> list[Proposal]:
    return [detection for detection in ranked if detection.score >= score]


def choose(found: Sequence[list[Proposal]], photo: Photo, choice: ProposerChoice) -> list[Proposal]:
    """Return the candidates of an image, in the order of the members of `choice`.

    Args:
        found: All boxes of each member of `choice`, including weak detections.
        photo: The image.
        choice: One proposer or a union. Substitutes are used only if no member has a detection.
    """
    chosen = [
        _chosen_of(member, of_member, photo)
        for member, of_member in zip(choice.members, found, strict=True)
    ]
    kinds = [member.kind for member in choice.members]
    kept = [one for of_member in without_repeats(chosen, kinds, choice.nms) for one in of_member]
    return kept or _stand_ins(found, photo, choice)


def without_repeats(
    chosen: Sequence[list[Proposal]], kinds: Sequence[str], most: float
) -> list[list[Proposal]]:
    """Remove detections whose IoU with a kept box of an earlier proposer exceeds `most`.

    Boxes of the same proposer are not compared. Annotations come first.
    """
    ranks = sorted(range(len(kinds)), key=lambda place: kinds[place] != ANNOTATIONS)
    kept: list[list[Proposal]] = [[] for _ in kinds]
    before: list[Proposal] = []
    for place in ranks:
        kept[place] = _apart(chosen[place], before, most)
        before += kept[place]
    return kept


def _apart(proposals: list[Proposal], before: list[Proposal], most: float) -> list[Proposal]:
    if most >= EVERY_OVERLAP or not before:
        return proposals
    overlaps = iou_matrix(
        as_boxes([proposal.box for proposal in proposals]), as_boxes([one.box for one in before])
    )
    repeats = np.asarray((overlaps > most).any(axis=1))
    return [one for one, repeated in zip(proposals, repeats, strict=True) if not repeated]


def _chosen_of(member: ProposerChoice, found: list[Proposal], photo: Photo) -> list[Proposal]:
    if member.kind == ANNOTATIONS:
        return jittered(found, photo, member.jitter, seed=member.seed)
    return select(found, photo, replace(member, when_empty="none"))


def _stand_ins(
    found: Sequence[list[Proposal]], photo: Photo, choice: ProposerChoice
) -> list[Proposal]:
    detectors = any(member.kind != ANNOTATIONS for member in choice.members)
    everything = [one for of_member in found for one in of_member]
    return select(everything, photo, choice) if detectors else []


def jittered(
    proposals: list[Proposal], photo: Photo, jitter: float, *, seed: int
) -> list[Proposal]:
    """Shift each edge by a uniformly distributed fraction of the box's width or height.

    The shifts depend only on the seed, the image id and the positions in `proposals`. The boxes are
    clipped to the image.

    Args:
        proposals: Boxes of one image.
        photo: The image.
        jitter: Maximum shift, from 0 to less than 0.5, so that left remains left of right.
        seed: Seed of the shifts.
    """
    if not jitter or not proposals:
        return proposals
    exact = as_boxes([proposal.box for proposal in proposals])
    sides = np.tile(exact[:, 2:] - exact[:, :2], 2)  # width, height, width, height
    random = np.random.default_rng([seed, photo.image_id % 2**64])
    moved = exact + jitter * sides * random.uniform(-1, 1, sides.shape)
    return [
        replace(proposal, box=(left, top, right, bottom))
        for proposal, (left, top, right, bottom) in zip(
            proposals, clipped(moved, photo.width, photo.height).tolist(), strict=True
        )
    ]
