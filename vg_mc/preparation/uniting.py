"""One list of candidates out of what several proposers found on a photo.

Confidences of two detectors are no common scale, so between proposers their order decides, never
the score: the box of the one that was named first stays. Annotated boxes always stay, wherever they
are named, since one of them may be the target.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vg_mc.boxes import as_boxes, iou_matrix
from vg_mc.preparation.jittering import jittered
from vg_mc.preparation.selecting import select
from vg_mc.preparation.settings import EVERY_OVERLAP, ProposerChoice
from vg_mc.records import Photo, Proposal


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
    ranks = sorted(range(len(kinds)), key=lambda place: kinds[place] != "annotations")
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
    if member.kind == "annotations":
        return jittered(found, photo, member.jitter, seed=member.seed)
    return select(found, photo, replace(member, when_empty="none"))


def _stand_ins(
    found: Sequence[list[Proposal]], photo: Photo, choice: ProposerChoice
) -> list[Proposal]:
    detectors = any(member.kind != "annotations" for member in choice.members)
    everything = [one for of_member in found for one in of_member]
    return select(everything, photo, choice) if detectors else []
