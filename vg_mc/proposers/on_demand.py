"""Candidates of images outside a corpus: from a detector, from a file, or given by the caller."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from vg_mc.boxes.arithmetic import areas, as_boxes, clipped
from vg_mc.errors import BadInputError
from vg_mc.images.coco_names import coco_name
from vg_mc.proposers.building import ask
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.image_keys import Joined, PhotoNames
from vg_mc.proposers.kinds.stored import declared
from vg_mc.proposers.placing import CutDetections, placed
from vg_mc.proposers.registration import Known
from vg_mc.proposers.registry import KINDS
from vg_mc.proposers.selection import choose, in_place_of_none
from vg_mc.proposers.stored import StoredDetections, read_detections
from vg_mc.records import XYXY, Photo, Proposal

_LAST_NUMBER = re.compile(r"(\d{1,18})$")  # COCO_train2014_000000581857 has the image id 581857

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
    found = [Proposal((left, top, right, bottom), 1.0, None, GIVEN.kind)
             for left, top, right, bottom in as_boxes(written).tolist()]  # fmt: skip
    return found or in_place_of_none([], photo, choice)


def proposed(
    looked_at: Sequence[tuple[Photo, Image.Image]],
    choice: ProposerChoice,
    sentences: Sequence[Sequence[str]] = (),
    run: Sequence[Photo] = (),
) -> list[list[Proposal]]:
    """Return the candidates of each image.

    Args:
        looked_at: Images with their RGB pixels.
        choice: The proposer, or a union.
        sentences: Expressions about each image. Detectors that take text search for all of them;
            the expressions share the candidates.
        run: All images of a run in several calls, whose stored detections are checked together.

    Raises:
        BadInputError: If `choice` has no proposer, or its file cannot be used.
    """
    if choice.kind == GIVEN.kind:
        raise BadInputError(
            "expected boxes with every image, or a proposer such as yolo with its weights"
        )
    found = [_found_by(member, looked_at, sentences, run) for member in choice.members]
    return [choose(of_photo, photo, choice)
            for (photo, _), *of_photo in zip(looked_at, *found, strict=True)]  # fmt: skip


def _found_by(
    member: ProposerChoice,
    looked_at: Sequence[tuple[Photo, Image.Image]],
    sentences: Sequence[Sequence[str]],
    run: Sequence[Photo],
) -> list[list[Proposal]]:
    """Return all boxes of one proposer, including weak detections."""
    photos = [photo for photo, _ in looked_at]
    kind = KINDS[member.kind]
    if kind.known is not None:
        together = tuple(dict.fromkeys([*run, *photos]))
        stored = _stored_of(member, together) if kind.reads_file else {}
        known = [Known(photo, stored=stored.get(photo, ())) for photo in photos]
        return [list(kind.known(member, image)) for image in known]
    return ask(member, photos, [np.asarray(image) for _, image in looked_at], sentences)


@lru_cache(maxsize=2)
def _stored(choice: ProposerChoice) -> StoredDetections:
    """Return the stored detections of a file, which is read once."""
    if choice.source is None:
        raise ValueError("expected a file of stored detections, found None")
    if declared(choice).orientation is not None:
        problem = "has no effect outside a corpus; --orientation is the frame of all boxes"
        raise BadInputError(problem, record="--proposals-orientation")
    return read_detections(choice.source, skip_bad=False, declared=declared(choice).boxes)


@lru_cache(maxsize=2)
def _stored_of(
    choice: ProposerChoice, photos: tuple[Photo, ...]
) -> Mapping[Photo, Sequence[Proposal]]:
    """Return the detections of different images, with a warning for what was interpreted.

    The number at the end of a file name is the image id, as in COCO's names, unless the file of
    detections contains file names.
    """
    stored = _stored(choice)
    found: dict[Photo, list[Proposal]] = {}
    for places in _apart(photos):
        some = [replace(photos[place], image_id=place) for place in places]
        numbers = {number: photo for photo in some
                   if (number := _last_number(photo)) is not None}  # fmt: skip
        joined = PhotoNames(some, numbers).join(stored.rows_of, certain=False)
        cut = placed(stored, some, joined, {})
        for place in places:
            found[photos[place]] = cut.by_image.get(place, [])
        for note in (*cut.notes, *_notes(stored, joined, cut, some)):
            warnings.warn(f"{stored.file.name}: {note}", stacklevel=2)
    return found


def _notes(
    stored: StoredDetections, joined: Joined, cut: CutDetections, photos: Sequence[Photo]
) -> Iterator[str]:
    """Yield what was inferred about images, and what was left out."""
    if not joined.photo_of and stored.rows_of:
        first = next(iter(stored.rows_of))
        yield f"no detection belongs to {photos[0].file_name!r}; the first ones are of {first}"
    for key, photo in joined.photo_of.items():
        if key.file_name is None and coco_name(photo.file_name) is None:
            yield f"{key} is taken to be {photo.file_name}, by the number in its name"
            break
    if cut.outside:
        yield f"{cut.outside} boxes lie outside their images and are left out"


def _apart(photos: Sequence[Photo]) -> Iterator[list[int]]:
    """Yield groups of positions, so that no two images of a group have the same name."""
    left = list(range(len(photos)))
    while left:
        names = {photos[place].file_name: place for place in reversed(left)}
        yield sorted(names.values())
        left = [place for place in left if place not in names.values()]


def _last_number(photo: Photo) -> int | None:
    found = _LAST_NUMBER.search(PurePosixPath(photo.file_name).stem)
    return int(found[1]) if found else None
