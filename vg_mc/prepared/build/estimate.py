"""How much room the candidates will take, asked before hours are spent on drawing them.

Bytes = candidates x mean bytes of one. Candidates are counted as the shards will count them,
further wrong answers included; only how many boxes a detector will find is a guess, hence the wide
margins. One candidate of each sampled photo is drawn, and stands for the others of its photo.
"""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from vg_mc.errors import BadInputError
from vg_mc.images.files import open_photo
from vg_mc.prepared.build.candidates import Subject, propose, subjects_of
from vg_mc.prepared.build.plan import ShardTask
from vg_mc.prepared.build.publication import KEPT
from vg_mc.prepared.build.shards import candidate_rows
from vg_mc.prepared.schema import picture_columns
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.records import Photo, Proposal
from vg_mc.system.disk_space import free_bytes, in_megabytes, told_when_full

# Of many photos so many are sampled, else one in so many, but a few at least: drawing a sample
# takes as long as it takes to draw the photos themselves.
SAMPLED_PHOTOS = 32
ONE_IN = 16
FEW_PHOTOS = 8
DETECTIONS = 8  # of a photo that a detector has yet to look at
BYTES_OF_A_ROW = 100  # a candidate besides its pictures: box, score, category and whose it is
REFUSED_BELOW = 0.5  # of the estimate; with less room the run would fail almost certainly
WARNED_BELOW = 1.5


@contextmanager
def enough_space(tasks: list[ShardTask]) -> Iterator[None]:
    """Draw `tasks` in a block that begins only if there is likely room for them.

    Raises:
        BadInputError: If there is far too little room, or the disk is full before the block ends.
    """
    if not tasks:
        yield
        return
    folder = tasks[0].path.parent
    needed, free = estimated_bytes(tasks), free_bytes(folder)
    compared = f"about {in_megabytes(needed)} for pictures, and {in_megabytes(free)} are free"
    if free < REFUSED_BELOW * needed:
        raise BadInputError(f"its disk needs room of {compared}", file=folder)
    if free < WARNED_BELOW * needed:
        print(f"warning: {folder}: its disk needs room of {compared}", file=sys.stderr)
    estimate = (
        f"it was begun with {in_megabytes(free)} for about {in_megabytes(needed)} of pictures"
    )
    with told_when_full(folder, f"{estimate}; {KEPT}"):
        yield


def estimated_bytes(tasks: list[ShardTask]) -> float:
    """Return about how many bytes the candidates of all `tasks` will take."""
    places = [
        _Place(task, one.photo, proposals)
        for task in tasks
        for one, proposals in zip(
            subjects_of(task), propose(task, subjects_of(task), _made_up), strict=True
        )
        if proposals
    ]
    if not places:
        return 0.0
    sampled = min(SAMPLED_PHOTOS, max(FEW_PHOTOS, len(places) // ONE_IN))
    sample = places[:: math.ceil(len(places) / sampled)]
    bytes_in_sample = sum(len(one.proposals) * _bytes_of_a_region(one) for one in sample)
    return bytes_in_sample * _regions(places) / _regions(sample)


class _Place(NamedTuple):
    """A photo in a shard, and its candidates."""

    task: ShardTask
    photo: Photo
    proposals: list[Proposal]


def _regions(places: list[_Place]) -> int:
    return sum(len(one.proposals) for one in places)


def _bytes_of_a_region(place: _Place) -> int:
    """Draw one candidate, which stands for all of its photo."""
    try:
        image = open_photo(place.task.images_folder, place.photo)
    except BadInputError:
        return 0  # it is left out, or named when its turn comes
    one = place.proposals[len(place.proposals) // 2]
    (row,) = candidate_rows(place.photo, image, [one], place.task.drawing)
    columns = picture_columns(place.task.drawing.views)
    return BYTES_OF_A_ROW + sum(len(row[column]["bytes"]) for column in columns)


def _made_up(_: ProposerChoice, subjects: list[Subject]) -> list[list[Proposal]]:
    """Say how many boxes a detector finds: so many side by side, with nothing left out for it."""
    return [[*_side_by_side(one.photo)] for one in subjects]


def _side_by_side(photo: Photo) -> Iterator[Proposal]:
    width = photo.width / DETECTIONS
    for place in range(DETECTIONS):
        box = (place * width, 0.0, (place + 1) * width, float(photo.height))
        yield Proposal(box, 1.0, "", "made up")
