"""Detections of a file as proposals of images: joined, checked together, named and clipped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Transpose

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.errors import BadInputError
from vg_mc.images.orientation import SWAPPING, turned_boxes
from vg_mc.proposers.category_ids import category_names
from vg_mc.proposers.image_keys import Joined, PhotoNames
from vg_mc.proposers.stored import StoredDetections
from vg_mc.proposers.stored_check import require_fit
from vg_mc.records import Photo, Proposal, Rejected

SOURCE = "stored"
NO_TURNS: Mapping[Photo, Transpose] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CutDetections:
    """Detections of selected images, clipped to them.

    Attributes:
        by_image: Clipped boxes by image id, best first.
        cut: Number of boxes that were clipped.
        other: Number of detections of other images.
        rejected: Detections outside their image, or with a file name unknown to the corpus.
        outside: Number of detections of the selected images outside them.
        notes: How keys of images and ids of categories were interpreted.
    """

    by_image: dict[int, list[Proposal]]
    cut: int = 0
    other: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    outside: int = 0
    notes: list[str] = field(default_factory=list)


def cut_to_photos(
    stored: StoredDetections,
    photos: Iterable[Photo],
    known: Iterable[Photo],
    categories: Mapping[int, str] | None = None,
    turns: Mapping[Photo, Transpose] = NO_TURNS,
) -> CutDetections:
    """Clip the detections of `photos`, and reject those of which at most a pixel remains.

    Detections with unknown image ids are counted but not rejected, since detectors are often run on
    whole folders. Detections with unknown file names are rejected.

    Args:
        stored: The detections of a file.
        photos: The selected images.
        known: All images of the corpus.
        categories: Names of the corpus' categories by id, which name the ids in the file.
        turns: How images turn from the frame of the detections to that of the corpus.

    Raises:
        BadInputError: If no detection belongs to these images, or the boxes do not fit their images
            in the declared convention.
    """
    wanted = list(dict.fromkeys(photos))
    joined = PhotoNames(dict.fromkeys([*known, *wanted])).join(stored.rows_of)
    if not {photo.image_id for photo in wanted} & {
        one.image_id for one in joined.photo_of.values()
    }:
        raise BadInputError(_nothing_found(stored, wanted), file=stored.file)
    return placed(stored, wanted, joined, categories or {}, turns)


def placed(
    stored: StoredDetections,
    wanted: Sequence[Photo],
    joined: Joined,
    categories: Mapping[int, str],
    turns: Mapping[Photo, Transpose] = NO_TURNS,
) -> CutDetections:
    """Return the detections of the images `wanted` among those that `joined` refers to.

    Raises:
        BadInputError: If the boxes of all joined images do not fit them.
    """
    ids = {one for one in stored.categories if isinstance(one, int)}
    named = category_names(ids, categories, own=stored.layout.ids_of_corpus)
    unknown = _of_bad_keys(stored, joined)
    joint = _Joint.of(stored, joined, turns)
    require_fit(stored, joint.numbers, joint.sizes, joint.images.tolist())
    corners = stored.corners(joint.numbers, joint.sizes)
    sizes = _turn(corners, joint, turns)
    inside = _clipped(corners, sizes)
    moved = (inside != corners).any(axis=1)
    remains = ~moved | ((inside[:, 2:] - inside[:, :2]).min(axis=1, initial=np.inf) > 1)
    wanted_ids = {photo.image_id for photo in wanted}
    chosen = [photo.image_id in wanted_ids for photo in joint.photos]
    is_wanted = np.array(chosen, dtype=np.bool_)[joint.images]

    outside = np.flatnonzero(is_wanted & ~remains).tolist()
    rejected = [
        _outside(corners[place].tolist(), joint.photos[joint.images[place]], stored)
        for place in outside
    ]
    by_image: dict[int, list[Proposal]] = {
        photo.image_id: [] for photo in joint.photos if photo.image_id in wanted_ids
    }
    kept = np.flatnonzero(is_wanted & remains)
    rows = joint.rows[kept]
    labels = [stored.categories[row] for row in rows.tolist()]
    for place, box, score, label in zip(
        joint.images[kept].tolist(), inside[kept].tolist(), stored.scores[rows].tolist(), labels,
        strict=True,
    ):  # fmt: skip
        left, top, right, bottom = box
        name = named.names.get(label) if isinstance(label, int) else label
        by_image[joint.photos[place].image_id].append(
            Proposal((left, top, right, bottom), score, name, SOURCE)
        )
    return CutDetections(
        by_image=by_image,
        cut=int((moved & remains & is_wanted).sum()),
        other=len(stored.numbers) - len(unknown) - int(is_wanted.sum()),
        rejected=[*unknown, *rejected],
        outside=len(rejected),
        notes=[*joined.notes, *([named.note] if named.note else [])],
    )


class _Joint(NamedTuple):
    """The detections of known images, by image, and best first for each, ties in file order."""

    photos: list[Photo]
    images: NDArray[np.int64]  # (M,), positions in `photos`
    rows: NDArray[np.int64]  # (M,), rows of the file
    numbers: Boxes  # (M, 4), as written
    sizes: NDArray[np.float64]  # (M, 2), in the frame of the detections

    @classmethod
    def of(cls, stored: StoredDetections, joined: Joined, turns: Mapping[Photo, Transpose]) -> Self:
        rows_of: dict[Photo, list[int]] = {}
        for key, photo in joined.photo_of.items():
            rows_of.setdefault(photo, []).extend(stored.rows_of[key])
        photos = list(rows_of)
        counts = [len(some) for some in rows_of.values()]
        images = np.repeat(np.arange(len(photos)), counts)
        rows = np.array(list(chain(*rows_of.values())), dtype=np.int64)
        best_first = np.lexsort((-stored.scores[rows], images))
        rows = rows[best_first]
        sizes = _sizes(photos)
        swapped = np.array([turns.get(photo) in SWAPPING for photo in photos], dtype=np.bool_)
        sizes[swapped] = sizes[swapped][:, ::-1]
        sizes = sizes[images]
        return cls(photos, images, rows, stored.numbers[rows], sizes)


def _turn(corners: Boxes, joint: _Joint, turns: Mapping[Photo, Transpose]) -> NDArray[np.float64]:
    """Turn boxes to the frame of the corpus, in place, and return the sizes of their images."""
    for place, photo in enumerate(joint.photos) if turns else ():
        if photo in turns:
            own = joint.images == place
            width, height = joint.sizes[own][0].astype(int).tolist()
            corners[own] = turned_boxes(corners[own], (width, height), turns[photo])
    return _sizes(joint.photos)[joint.images]


def _clipped(corners: Boxes, sizes: NDArray[np.float64]) -> Boxes:
    return np.minimum(np.maximum(corners, 0), np.tile(sizes, 2))


def _sizes(photos: Iterable[Photo]) -> NDArray[np.float64]:
    sizes = [(photo.width, photo.height) for photo in photos]
    return np.array(sizes, dtype=np.float64).reshape(-1, 2)


def _nothing_found(stored: StoredDetections, wanted: list[Photo]) -> str:
    """Return the message if no detection matches, with the image keys of both sides."""
    problem = "no detection matches an image to prepare"
    if not stored.rows_of or not wanted:
        return problem
    theirs, ours = next(iter(stored.rows_of)), wanted[0]
    hint = ""
    if isinstance(theirs.image_id, str) and theirs.file_name is None:
        hint = "; expected an integer as image_id, or the name of the image as file_name"
    return (
        f"{problem}; its image ids or file names may belong to another corpus. Its first image is "
        f"{theirs}; the first image to prepare is {ours.image_id}, {ours.file_name!r}{hint}"
    )


def _of_bad_keys(stored: StoredDetections, joined: Joined) -> list[Rejected]:
    """Return the detections of unknown file names, or with the id and name of different images.

    Raises:
        BadInputError: At the first of the latter, unless bad records are skipped.
    """
    unknown = dict.fromkeys(joined.unknown, "no image of the corpus has this file name")
    for key, problem in joined.contradictory.items() if not stored.skip_bad else ():
        raise BadInputError(problem, file=stored.file, record=f"a detection of {key}")
    return [
        Rejected(stored.file.name, f"a detection of {key}", reason)
        for key, reason in (unknown | joined.contradictory).items()
        for _ in stored.rows_of[key]
    ]


def _outside(box: list[float], photo: Photo, stored: StoredDetections) -> Rejected:
    corners = ", ".join(f"{edge:g}" for edge in box)
    reason = f"the box ({corners}) lies outside its image of {photo.width} x {photo.height} pixels"
    return Rejected(stored.file.name, f"a detection of image {photo.image_id}", reason)
