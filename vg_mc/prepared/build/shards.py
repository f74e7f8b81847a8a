"""Drawing of shards: the files of candidate images and whole images.

The bytes of a shard depend on its images and the settings only, so any number of workers gives the
same files, and the finished shards of a killed run are not drawn again.
"""

import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from PIL import Image

from vg_mc.boxes.arithmetic import as_boxes, clipped
from vg_mc.boxes.transforms import LongerSide
from vg_mc.errors import BadInputError
from vg_mc.images import draw_views
from vg_mc.images.files import located, open_photo
from vg_mc.images.fingerprints import fingerprint_of
from vg_mc.prepared.build.candidates import Subject, propose
from vg_mc.prepared.build.plan import ShardTask
from vg_mc.prepared.build.settings import Drawing
from vg_mc.prepared.image_hashes import FEATURES, hash_row
from vg_mc.prepared.schema import (
    IMAGE,
    IMAGES_WITH_PIXELS,
    as_cell,
    candidate_features,
    open_shard,
    picture_columns,
    stored_number,
    stored_text,
    write_shard,
)
from vg_mc.records import Photo, Proposal

PHOTOS_AT_ONCE = 16  # images in memory, which a detector processes as one batch
REJECTED = "rejected"  # metadata key: reasons by image id of rejected images
PECULIAR = "peculiar"  # metadata key: peculiarities by image id of images that are not plain RGB

JPEG_QUALITY = 90
FULL_COLOR = 0  # chroma subsampling 4:4:4, which preserves the colour of thin outlines
HALF_COLOR = 2  # 4:2:0, as in most JPEG files: a fifth smaller, for images without outlines


def draw_shard(task: ShardTask) -> int:
    """Draw all candidates of a shard, write its files and return its number of images.

    Raises:
        BadInputError: If an image is unusable and `skip_bad` is False, or the folder of the shards
            does not exist.
    """
    if not task.path.parent.is_dir():
        problem = "not visible to this process; all machines must share the output's file system"
        raise BadInputError(problem, file=task.path.parent)
    rows: list[dict[str, Any]] = []
    whole: list[dict[str, Any]] = []
    hashes: list[dict[str, Any]] = []
    rejected: dict[int, str] = {}
    peculiar: dict[int, list[str]] = {}
    for start in range(0, len(task.photos), PHOTOS_AT_ONCE):
        places = slice(start, start + PHOTOS_AT_ONCE)
        subjects = list(_opened(task, places, rejected, peculiar))
        for one, proposals in zip(subjects, propose(task, subjects), strict=True):
            rows += candidate_rows(one.photo, one.image, proposals, task.drawing)
            whole += _whole_image(task, one.photo, one.image)
            hashes += _hashes(task, one.photo)
    if task.hashes_path is not None:
        write_shard(task.hashes_path, FEATURES, hashes)
    notes = {REJECTED: json.dumps(rejected), PECULIAR: json.dumps(peculiar)}
    if task.images_path is not None:
        write_shard(task.images_path, IMAGES_WITH_PIXELS, whole, notes)
    if task.with_candidates:
        write_shard(task.path, candidate_features(task.drawing.views), rows, notes)
    return len(task.photos)


def is_drawn(task: ShardTask) -> bool:
    """Return True if a shard is complete; one with rejected images is drawn again."""
    return all(path.exists() for path in task.paths) and not rejected_photos(task)


def rejected_photos(task: ShardTask) -> dict[int, str]:
    """Return the reasons for the rejected images of a finished shard, by image id."""
    return _noted(task, REJECTED)


def peculiar_photos(task: ShardTask) -> dict[int, list[str]]:
    """Return the peculiarities of the unusual images of a finished shard, by image id."""
    return _noted(task, PECULIAR)


def _noted(task: ShardTask, key: str) -> dict[int, Any]:
    notes = open_shard(task.path).schema.metadata
    return {int(image_id): note for image_id, note in json.loads(notes[key.encode()]).items()}


def kept_photos(task: ShardTask) -> list[Photo]:
    """Return the images of a finished shard without the rejected ones."""
    rejected = rejected_photos(task)
    return [photo for photo in task.photos if photo.image_id not in rejected]


def _opened(
    task: ShardTask, places: slice, rejected: dict[int, str], peculiar: dict[int, list[str]]
) -> Iterator[Subject]:
    """Decode some images of a shard; add rejected and unusual ones to the given dictionaries."""
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
    """Return the row of a whole image; empty if this shard does not store it."""
    if task.whole_images is None or photo.image_id not in task.image_ids:
        return []
    return [whole_image_row(photo, image, task.whole_images)]


def whole_image_row(photo: Photo, image: Image.Image, whole_images: LongerSide) -> dict[str, Any]:
    """Return the row of a whole image in the images table."""
    return asdict(photo) | {IMAGE: as_cell(encoded(whole_images.apply(image), HALF_COLOR))}


def _hashes(task: ShardTask, photo: Photo) -> list[dict[str, Any]]:
    """Return the row of an image's fingerprint; empty if this shard does not store it."""
    if photo.image_id not in task.image_ids:
        return []
    content = located(task.images_folder, photo).read_bytes()
    return [hash_row(photo.image_id, fingerprint_of(content))]


def candidate_rows(
    photo: Photo, image: Image.Image, proposals: list[Proposal], drawing: Drawing
) -> list[dict[str, Any]]:
    """Draw the proposals of one image and return rows of the candidates table.

    The image is resized once for all proposals.
    """
    boxes = clipped(as_boxes([proposal.box for proposal in proposals]), photo.width, photo.height)
    views = list(drawing.views.values())
    pictures = draw_views(image, boxes, views, drawing.image_size, drawing.fit)
    columns = picture_columns(drawing.views)
    return [
        {
            "image_id": photo.image_id,
            "box": box,
            "score": proposal.score,
            "category": stored_text(proposal.category),
            "source": proposal.source,
            "annotation_id": stored_number(proposal.annotation_id),
            **{
                column: as_cell(encoded(picture))
                for column, picture in zip(columns, shown, strict=True)
            },
        }
        for proposal, box, shown in zip(proposals, boxes.tolist(), pictures, strict=True)
    ]


def encoded(picture: Image.Image, subsampling: int = FULL_COLOR) -> bytes:
    """Return an image encoded as JPEG."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=subsampling)
    return buffer.getvalue()
