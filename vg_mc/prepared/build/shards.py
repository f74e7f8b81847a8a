"""Shards, drawn: the files of candidates and of whole images.

The bytes of a shard depend on its photos and the settings alone, so any number of workers gives the
same files, and a shard that a killed run has finished is never drawn again.
"""

import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from PIL import Image

from vg_mc.boxes.arithmetic import as_boxes, clipped
from vg_mc.errors import BadInputError
from vg_mc.images import draw_views
from vg_mc.images.files import open_photo
from vg_mc.prepared.build.candidates import Subject, propose
from vg_mc.prepared.build.plan import ShardTask
from vg_mc.prepared.build.settings import Drawing
from vg_mc.prepared.schema import (
    IMAGE,
    IMAGES_WITH_PIXELS,
    as_cell,
    candidate_features,
    open_shard,
    picture_columns,
    write_shard,
)
from vg_mc.records import Photo, Proposal

PHOTOS_AT_ONCE = 16  # decoded in memory; a detector on an accelerator takes them together
REJECTED = "rejected"  # in a shard's metadata: image ids of photos left out, and why
PECULIAR = "peculiar"  # there too: image ids of photos that are no plain RGB, and what they are

JPEG_QUALITY = 90
FULL_COLOR = 0  # chroma subsampling 4:4:4, which keeps the colour of a thin outline
HALF_COLOR = 2  # 4:2:0, as in most photos: a fifth less to store for images without outlines


def draw_shard(task: ShardTask) -> int:
    """Draw all candidates of a shard, write its files and return its number of photos.

    Raises:
        BadInputError: If a photo is unusable and not to be skipped, or the folder that was made
            for the shards is not there.
    """
    if not task.path.parent.is_dir():
        problem = "the first process made this folder; all machines need to share its file system"
        raise BadInputError(problem, file=task.path.parent)
    rows: list[dict[str, Any]] = []
    whole: list[dict[str, Any]] = []
    rejected: dict[int, str] = {}
    peculiar: dict[int, list[str]] = {}
    for start in range(0, len(task.photos), PHOTOS_AT_ONCE):
        places = slice(start, start + PHOTOS_AT_ONCE)
        subjects = list(_opened(task, places, rejected, peculiar))
        for one, proposals in zip(subjects, propose(task, subjects), strict=True):
            rows += candidate_rows(one.photo, one.image, proposals, task.drawing)
            whole += _whole_image(task, one.photo, one.image)
    notes = {REJECTED: json.dumps(rejected), PECULIAR: json.dumps(peculiar)}
    if task.images_path is not None:
        write_shard(task.images_path, IMAGES_WITH_PIXELS, whole, notes)
    if task.with_candidates:
        write_shard(task.path, candidate_features(task.drawing.views), rows, notes)
    return len(task.photos)


def is_drawn(task: ShardTask) -> bool:
    """Tell whether a shard need not be drawn again; a photo left out may have been mended since."""
    return all(path.exists() for path in task.paths) and not rejected_photos(task)


def rejected_photos(task: ShardTask) -> dict[int, str]:
    """Return why each photo of a finished shard that was left out is not in it, by image id."""
    return _noted(task, REJECTED)


def peculiar_photos(task: ShardTask) -> dict[int, list[str]]:
    """Return what is peculiar about photos of a finished shard, by image id."""
    return _noted(task, PECULIAR)


def _noted(task: ShardTask, key: str) -> dict[int, Any]:
    notes = open_shard(task.path).schema.metadata
    return {int(image_id): note for image_id, note in json.loads(notes[key.encode()]).items()}


def kept_photos(task: ShardTask) -> list[Photo]:
    """Return the photos of a finished shard that could be read."""
    rejected = rejected_photos(task)
    return [photo for photo in task.photos if photo.image_id not in rejected]


def _opened(
    task: ShardTask, places: slice, rejected: dict[int, str], peculiar: dict[int, list[str]]
) -> Iterator[Subject]:
    """Decode some images of a shard; note which are left out, or peculiar, and why."""
    known = zip(task.photos[places], task.annotated[places], task.sentences[places], strict=True)
    for photo, annotated, sentences in known:
        noticed: list[str] = []
        try:
            image = open_photo(task.images_folder, photo, noticed)
        except BadInputError as error:
            if not task.skip_bad:
                raise
            rejected[photo.image_id] = error.problem
            continue
        if noticed:
            peculiar[photo.image_id] = noticed
        yield Subject(photo, annotated, sentences, image)


def _whole_image(task: ShardTask, photo: Photo, image: Image.Image) -> list[dict[str, Any]]:
    """Return the row of an image that this shard stores; none of one that another one stores."""
    if task.whole_images is None or photo.image_id not in task.image_ids:
        return []
    return [asdict(photo) | {IMAGE: as_cell(encoded(task.whole_images.apply(image), HALF_COLOR))}]


def candidate_rows(
    photo: Photo, image: Image.Image, proposals: list[Proposal], drawing: Drawing
) -> list[dict[str, Any]]:
    """Draw the proposals of one photo, which is resized once, as rows of the candidates table."""
    boxes = clipped(as_boxes([proposal.box for proposal in proposals]), photo.width, photo.height)
    views = list(drawing.views.values())
    pictures = draw_views(image, boxes, views, drawing.image_size, drawing.fit)
    columns = picture_columns(drawing.views)
    return [
        {
            "image_id": photo.image_id,
            "box": box,
            "score": proposal.score,
            "category": proposal.category,
            "source": proposal.source,
            "annotation_id": proposal.annotation_id,
            **{
                column: as_cell(encoded(picture))
                for column, picture in zip(columns, shown, strict=True)
            },
        }
        for proposal, box, shown in zip(proposals, boxes.tolist(), pictures, strict=True)
    ]


def encoded(picture: Image.Image, subsampling: int = FULL_COLOR) -> bytes:
    """Return a picture as a JPEG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=subsampling)
    return buffer.getvalue()
