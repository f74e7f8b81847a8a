"""Candidates of the images of a shard: proposals, and extra negatives for training images."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from vg_mc.boxes.arithmetic import as_boxes, intersections
from vg_mc.prepared.build.plan import ShardTask
from vg_mc.proposers.building import ask
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.registration import Known
from vg_mc.proposers.registry import KINDS
from vg_mc.proposers.selection import IN_PLACE_OF_NONE, choose
from vg_mc.records import Photo, Proposal


class Subject(NamedTuple):
    """A decoded image with its annotated regions and its expressions."""

    photo: Photo
    annotated: tuple[Proposal, ...]
    sentences: tuple[str, ...]
    image: Image.Image


def propose(task: ShardTask, subjects: list[Subject]) -> list[list[Proposal]]:
    """Return the candidates of each image, including extra negatives."""
    found = _ask(task, task.proposer, subjects)
    lonely = [index for index, proposals in enumerate(found) if len(proposals) < 2]
    if task.wrong_answers is None or not lonely:
        return found
    further = _ask(task, task.wrong_answers, [subjects[index] for index in lonely])
    for index, proposals in zip(lonely, further, strict=True):
        detected = [one for one in proposals if one.source not in IN_PLACE_OF_NONE]
        found[index] += apart_from(detected, [*subjects[index].annotated, *found[index]])
    return found


def _ask(task: ShardTask, choice: ProposerChoice, subjects: list[Subject]) -> list[list[Proposal]]:
    found = [_found_by(task, member, subjects) for member in choice.members]
    return [
        choose(of_photo, one.photo, choice) for one, *of_photo in zip(subjects, *found, strict=True)
    ]


def _found_by(
    task: ShardTask, member: ProposerChoice, subjects: list[Subject]
) -> list[list[Proposal]]:
    known = KINDS[member.kind].known
    if known is None:
        photos, pixels = (
            [one.photo for one in subjects],
            [np.asarray(one.image) for one in subjects],
        )
        return ask(member, photos, pixels, [one.sentences for one in subjects])
    stored = task.stored.get(member, {})
    return [
        [*known(member, Known(one.photo, one.annotated, stored.get(one.photo.image_id, ())))]
        for one in subjects
    ]


def apart_from(proposals: list[Proposal], others: list[Proposal]) -> list[Proposal]:
    """Return the proposals that do not overlap any of `others`.

    If `others` contain the target, all returned proposals are negatives.
    """
    overlap = intersections(
        as_boxes([proposal.box for proposal in proposals]),
        as_boxes([other.box for other in others]),
    )
    touches = np.asarray(overlap.any(axis=1))
    return [proposal for proposal, touched in zip(proposals, touches, strict=True) if not touched]
