"""Which detections become candidates: one rule for every detector, live or stored.

One list of candidates out of what several proposers found on a photo.

Confidences of two detectors are no common scale, so between proposers their order decides, never
the score: the box of the one that was named first stays. Annotated boxes always stay, wherever they
are named, since one of them may be the target.

Annotated boxes that err as a detector's do, to train on what will be asked later.

A model that has seen only exact boxes in training meets other ones from a detector.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vg_mc.boxes.arithmetic import as_boxes, clipped, iou_matrix
from vg_mc.proposers.choice import EVERY_OVERLAP, ProposerChoice
from vg_mc.records import ANNOTATIONS, WHOLE_IMAGE, Photo, Proposal

STEP = 0.1  # by which MAttNet lowers its threshold until a photo has a detection

LOWER_CONFIDENCE = "lower-confidence"
IN_PLACE_OF_NONE = frozenset({WHOLE_IMAGE, LOWER_CONFIDENCE})  # sources of such candidates


def select(found: list[Proposal], photo: Photo, choice: ProposerChoice) -> list[Proposal]:
    """Return the detections of a photo that `choice` wants, best first, ties in their order."""
    ranked = sorted(found, key=lambda detection: -detection.score)
    kept = _at_least(ranked, choice.confidence) or in_place_of_none(ranked, photo, choice)
    return without_overlaps(kept, choice.nms)[: choice.max_proposals]


def in_place_of_none(
    ranked: list[Proposal], photo: Photo, choice: ProposerChoice
) -> list[Proposal]:
    """Return what a photo gets that has no detection above the threshold; their source says so."""
    if choice.when_empty == "whole-image":
        return [Proposal((0.0, 0.0, float(photo.width), float(photo.height)), 0.0, "", WHOLE_IMAGE)]
    if choice.when_empty == "lower-confidence" and ranked:
        threshold, best = choice.confidence, ranked[0].score
        while best < threshold:
            threshold = round(threshold - STEP, 6)  # else 0.25 - 0.1 - 0.1 is less than 0.05
        return [
            replace(detection, source=LOWER_CONFIDENCE)
            for detection in _at_least(ranked, threshold)
        ]
    return []


def without_overlaps(ranked: list[Proposal], most: float) -> list[Proposal]:
    """Leave out each box whose IoU with a better one that is kept exceeds `most`."""
    if most >= EVERY_OVERLAP or len(ranked) < 2:
        return ranked
    import torch
    from torchvision.ops import nms

    corners = as_boxes([detection.box for detection in ranked])
    falling = np.arange(len(ranked), 0, -1, dtype=np.float64)  # ranks: scores may be equal
    kept = nms(torch.from_numpy(corners), torch.from_numpy(falling), most)
    return [ranked[index] for index in kept.tolist()]


def _at_least(ranked: list[Proposal], score: float) -> list[Proposal]:
    return [detection for detection in ranked if detection.score >= score]


def choose(found: Sequence[list[Proposal]], photo: Photo, choice: ProposerChoice) -> list[Proposal]:
    """Return the candidates of a photo, in the order of the members of `choice`.

    Args:
        found: All that each member of `choice` found, weak detections included.
        photo: The photo.
        choice: One proposer or a union; a photo gets something in place of detections only where
            all members together have none.
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
    """Leave out detections whose IoU with a box of a proposer before them exceeds `most`.

    Boxes of one proposer are not compared with each other: it has done so itself.
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
    """Move each edge by up to `jitter` of the box's width or height, evenly, and stay in the photo.

    The draw has the key (`seed`, image id, place among `proposals`): it depends on nothing else.

    Args:
        proposals: Boxes of one photo.
        photo: The photo, which limits them.
        jitter: From 0 to less than 0.5, so that left stays left of right.
        seed: Another one gives other boxes.
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
