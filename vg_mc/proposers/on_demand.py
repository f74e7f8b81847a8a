"""The candidates of photos that nobody annotated: from a detector, from a file, or given."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image

from vg_mc.boxes.arithmetic import areas, as_boxes, clipped
from vg_mc.errors import BadInputError
from vg_mc.proposers.building import ask
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.registration import Known
from vg_mc.proposers.registry import KINDS
from vg_mc.proposers.selection import choose, in_place_of_none
from vg_mc.proposers.stored import StoredDetections, cut_to_photos, read_detections
from vg_mc.records import XYXY, Photo, Proposal

GIVEN = ProposerChoice("given")  # whoever asks has the boxes


def given(boxes: Sequence[XYXY], photo: Photo, choice: ProposerChoice) -> list[Proposal]:
    """Return the boxes that came with a question as proposals, in their order.

    Raises:
        BadInputError: If one covers nothing of the photo.
    """
    written = np.asarray(boxes, dtype=np.float64)
    if written.size and written.shape[1:] != (4,):
        raise BadInputError(f"expected boxes of four numbers, not the shape {written.shape}")
    visible = areas(clipped(as_boxes(written), photo.width, photo.height)) > 0  # False for NaN
    if not visible.all():
        place = int(np.argmin(visible))
        problem = (
            f"expected (left, top, right, bottom) in a photo of {photo.width} x {photo.height} "
            f"pixels, not {tuple(written[place].tolist())}"
        )
        raise BadInputError(problem, record=f"box {place}")
    found = [Proposal((left, top, right, bottom), 1.0, "", GIVEN.kind)
             for left, top, right, bottom in as_boxes(written).tolist()]  # fmt: skip
    return found or in_place_of_none([], photo, choice)


def proposed(
    looked_at: Sequence[tuple[Photo, Image.Image]],
    choice: ProposerChoice,
    sentences: Sequence[Sequence[str]] = (),
) -> list[list[Proposal]]:
    """Let the proposers that `choice` names find the candidates of each photo and its pixels.

    Detectors that read look for all `sentences` of a photo, which then share what was found.

    Raises:
        BadInputError: If it names none, or its file is unusable.
    """
    if choice.kind == GIVEN.kind:
        raise BadInputError("expected boxes, or a proposer that finds them")
    found = [_found_by(member, looked_at, sentences) for member in choice.members]
    return [choose(of_photo, photo, choice)
            for (photo, _), *of_photo in zip(looked_at, *found, strict=True)]  # fmt: skip


def _found_by(
    member: ProposerChoice,
    looked_at: Sequence[tuple[Photo, Image.Image]],
    sentences: Sequence[Sequence[str]],
) -> list[list[Proposal]]:
    """Return all that one proposer finds, weak detections included."""
    photos = [photo for photo, _ in looked_at]
    kind = KINDS[member.kind]
    if kind.known is not None:
        stored = _stored(member) if kind.reads_file else None
        known = [Known(photo, stored=_stored_of(stored, photo)) for photo in photos]
        return [list(kind.known(member, image)) for image in known]
    return ask(member, photos, [np.asarray(image) for _, image in looked_at], sentences)


@lru_cache(maxsize=2)
def _stored(choice: ProposerChoice) -> StoredDetections:
    """Read a file of detections once, however many photos are asked about."""
    if choice.source is None:
        raise ValueError("stored proposals lie in a file")
    return read_detections(choice.source, skip_bad=False)


def _stored_of(stored: StoredDetections | None, photo: Photo) -> list[Proposal]:
    """Return the detections of a photo; there may be none."""
    if stored is None or not {photo.image_id, photo.file_name} & stored.by_image.keys():
        return []
    return cut_to_photos(stored, [photo], [photo]).by_image[photo.image_id]
