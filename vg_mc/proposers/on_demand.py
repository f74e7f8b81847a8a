"""Candidates of images outside a corpus: from a detector, from a file, or given by the caller."""

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

GIVEN = ProposerChoice("given")  # the caller provides the boxes


def given(boxes: Sequence[XYXY], photo: Photo, choice: ProposerChoice) -> list[Proposal]:
    """Return given boxes as proposals, in the same order.

    Args:
        boxes: Boxes (left, top, right, bottom) in pixels of the image.
        photo: The image.
        choice: Decides what replaces an empty list.

    Raises:
        BadInputError: If a box is invalid or lies outside the image.
    """
    written = np.asarray(boxes, dtype=np.float64)
    if written.size and written.shape[1:] != (4,):
        raise BadInputError(f"expected boxes of shape (N, 4), found {written.shape}")
    visible = areas(clipped(as_boxes(written), photo.width, photo.height)) > 0  # False for NaN
    if not visible.all():
        place = int(np.argmin(visible))
        problem = (
            f"expected (left, top, right, bottom) within an image of {photo.width} x "
            f"{photo.height} pixels, found {tuple(written[place].tolist())}"
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
    """Return the candidates of each image.

    Args:
        looked_at: Images with their RGB pixels.
        choice: The proposer, or a union.
        sentences: Expressions about each image. Detectors that take text search for all of them;
            the expressions share the candidates.

    Raises:
        BadInputError: If `choice` has no proposer, or its file cannot be used.
    """
    if choice.kind == GIVEN.kind:
        raise BadInputError("expected boxes or a proposer")
    found = [_found_by(member, looked_at, sentences) for member in choice.members]
    return [choose(of_photo, photo, choice)
            for (photo, _), *of_photo in zip(looked_at, *found, strict=True)]  # fmt: skip


def _found_by(
    member: ProposerChoice,
    looked_at: Sequence[tuple[Photo, Image.Image]],
    sentences: Sequence[Sequence[str]],
) -> list[list[Proposal]]:
    """Return all boxes of one proposer, including weak detections."""
    photos = [photo for photo, _ in looked_at]
    kind = KINDS[member.kind]
    if kind.known is not None:
        stored = _stored(member) if kind.reads_file else None
        known = [Known(photo, stored=_stored_of(stored, photo)) for photo in photos]
        return [list(kind.known(member, image)) for image in known]
    return ask(member, photos, [np.asarray(image) for _, image in looked_at], sentences)


@lru_cache(maxsize=2)
def _stored(choice: ProposerChoice) -> StoredDetections:
    """Return the stored detections of a file, which is read once."""
    if choice.source is None:
        raise ValueError("expected a file of stored detections, found None")
    return read_detections(choice.source, skip_bad=False)


def _stored_of(stored: StoredDetections | None, photo: Photo) -> list[Proposal]:
    """Return the detections of an image, or an empty list."""
    if stored is None or not {photo.image_id, photo.file_name} & stored.by_image.keys():
        return []
    return cut_to_photos(stored, [photo], [photo]).by_image[photo.image_id]
