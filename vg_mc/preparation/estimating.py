"""How much room the candidates will take, asked before hours are spent on drawing them.

Bytes = photos x mean over sampled photos of (bytes of the views of one region x its boxes). The
region is the middle of the photo and stands for all. Boxes that a detector has yet to find, and
further wrong answers, can only be guessed: hence the wide margins.
"""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import fmean

import numpy as np

from vg_mc.disk_space import free_bytes, in_megabytes, told_when_full
from vg_mc.faults import BadInputError
from vg_mc.photos import open_photo
from vg_mc.preparation.publishing import KEPT
from vg_mc.preparation.selecting import select
from vg_mc.preparation.settings import ProposerChoice
from vg_mc.preparation.shards import ShardTask, encoded
from vg_mc.records import Photo
from vg_mc.views import draw_views

# Of many photos so many are sampled, else one in so many, but a few at least: drawing a sample
# takes as long as it takes to draw the photos themselves.
SAMPLED_PHOTOS = 32
ONE_IN = 16
FEW_PHOTOS = 8
DETECTIONS = 8  # of a photo that a detector has yet to look at
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
    places = [(task, index) for task in tasks for index in range(len(task.photos))]
    sampled = min(SAMPLED_PHOTOS, max(FEW_PHOTOS, len(places) // ONE_IN))
    step = max(1, math.ceil(len(places) / sampled))
    return len(places) * fmean(_photo_bytes(task, index) for task, index in places[::step])


def _photo_bytes(task: ShardTask, index: int) -> int:
    photo, drawing = task.photos[index], task.drawing
    boxes = sum(_boxes(task, index, choice) for choice in task.proposer.members)
    try:
        image = open_photo(task.images_folder, photo)
    except BadInputError:
        return 0  # it is left out, or named when its turn comes
    middle = np.array([[0.25, 0.25, 0.75, 0.75]]) * (*image.size, *image.size)
    views = list(drawing.views.values())
    ((*pictures,),) = draw_views(image, middle, views, drawing.image_size, drawing.fit)
    return boxes * sum(len(encoded(picture)) for picture in pictures)


def _boxes(task: ShardTask, index: int, choice: ProposerChoice) -> int:
    photo: Photo = task.photos[index]
    if choice.kind == "annotations":
        return len(task.annotated[index])
    if choice.kind == "stored":
        return len(select(task.stored[choice].get(photo.image_id, []), photo, choice))
    return DETECTIONS
