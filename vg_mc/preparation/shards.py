"""Shards: the unit of work, of parallelism and of resuming.

The bytes of a shard depend on its photos and the settings alone, so any number of workers gives the
same files, and a shard that a killed run has finished is never drawn again.
"""

import io
import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vg_mc.boxes import as_boxes, clipped
from vg_mc.faults import BadInputError
from vg_mc.photos import open_photo
from vg_mc.preparation.candidates import Subject, propose, subjects_of
from vg_mc.preparation.proposing import ask
from vg_mc.preparation.sentences import sentences_asked
from vg_mc.preparation.settings import Drawing, PreparationSettings, ProposerChoice
from vg_mc.preparation.stored import StoredProposals
from vg_mc.prepared.schema import (
    candidate_features,
    open_shard,
    picture_columns,
    shard_name,
    write_shard,
)
from vg_mc.records import TRAIN_SPLIT, Corpus, Photo, Proposal
from vg_mc.views import draw_views

PHOTOS_PER_SHARD = 64
PHOTOS_AT_ONCE = 16  # decoded in memory; a detector on an accelerator takes them together
REJECTED = "rejected"  # in a shard's metadata: image ids of photos left out, and why
PECULIAR = "peculiar"  # there too: image ids of photos that are no plain RGB, and what they are

JPEG_QUALITY = 90
FULL_COLOR = 0  # chroma subsampling 4:4:4, which keeps the colour of a thin outline


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard to draw.

    Attributes:
        annotated: The annotated regions of each photo.
        sentences: What is said about each photo in the splits that share its candidates.
        stored: Detections that are known already, by proposer and image id.
        wrong_answers: Proposer of further wrong answers for photos with fewer than two proposals;
            None where there are to be none.
    """

    path: Path
    images_folder: Path
    photos: tuple[Photo, ...]
    annotated: tuple[tuple[Proposal, ...], ...]
    sentences: tuple[tuple[str, ...], ...]
    stored: dict[ProposerChoice, dict[int, list[Proposal]]]
    proposer: ProposerChoice
    wrong_answers: ProposerChoice | None
    drawing: Drawing
    skip_bad: bool


def plan_shards(
    corpus: Corpus, settings: PreparationSettings, stored: StoredProposals, folder: Path
) -> list[ShardTask]:
    """Divide the photos of all splits into shards, for which `folder` is made.

    A photo appears once for each proposer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    said = sentences_asked(corpus, settings)
    groups = []
    for is_train in (True, False):
        proposer = settings.train_proposer if is_train else settings.proposer
        wrong_answers = settings.wrong_answers if is_train else None
        splits = [split for split in settings.splits if (split == TRAIN_SPLIT) == is_train]
        photos = photos_of(corpus, splits)
        if not is_train and settings.proposer == settings.train_proposer:
            train_photos = set(photos_of(corpus, {TRAIN_SPLIT} & set(settings.splits)))
            photos = [photo for photo in photos if photo not in train_photos]
        groups += [
            (tuple(photos[start : start + PHOTOS_PER_SHARD]), proposer, wrong_answers)
            for start in range(0, len(photos), PHOTOS_PER_SHARD)
        ]
    return [
        ShardTask(
            path=folder / shard_name(index, len(groups)),
            images_folder=corpus.images_folder,
            photos=photos,
            annotated=tuple(tuple(corpus.annotations.get(photo.image_id, ())) for photo in photos),
            sentences=tuple(said[proposer][photo.image_id] for photo in photos),
            stored=stored.of_photos(photos, {proposer, wrong_answers}),
            proposer=proposer,
            wrong_answers=wrong_answers,
            drawing=settings.drawing,
            skip_bad=settings.skip_bad,
        )
        for index, (photos, proposer, wrong_answers) in enumerate(groups)
    ]


def photos_of(corpus: Corpus, splits: Collection[str]) -> list[Photo]:
    """Return the photos of some splits, each once, in the order of the expressions."""
    image_ids = dict.fromkeys(one.image_id for one in corpus.expressions if one.split in splits)
    return [corpus.photos[image_id] for image_id in image_ids]


def draw_shard(task: ShardTask) -> int:
    """Draw all candidates of a shard, write its file and return its number of photos.

    Raises:
        BadInputError: If a photo is unusable and not to be skipped, or the folder that was made
            for the shards is not there.
    """
    if not task.path.parent.is_dir():
        problem = "the first process made this folder; all machines need to share its file system"
        raise BadInputError(problem, file=task.path.parent)
    rows: list[dict[str, Any]] = []
    rejected: dict[int, str] = {}
    peculiar: dict[int, list[str]] = {}
    for start in range(0, len(task.photos), PHOTOS_AT_ONCE):
        subjects = subjects_of(task)[start : start + PHOTOS_AT_ONCE]
        images = _open_photos(task, subjects, rejected, peculiar)
        opened = [one for one in subjects if one.photo.image_id in images]
        found = propose(task, opened, partial(_look, images))
        for (photo, _, _), proposals in zip(opened, found, strict=True):
            rows += candidate_rows(photo, images[photo.image_id], proposals, task.drawing)
    features = candidate_features(task.drawing.views)
    notes = {REJECTED: json.dumps(rejected), PECULIAR: json.dumps(peculiar)}
    write_shard(task.path, features, rows, notes)
    return len(task.photos)


def is_drawn(task: ShardTask) -> bool:
    """Tell whether a shard need not be drawn again; a photo left out may have been mended since."""
    return task.path.exists() and not rejected_photos(task)


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


def _open_photos(
    task: ShardTask,
    subjects: list[Subject],
    rejected: dict[int, str],
    peculiar: dict[int, list[str]],
) -> dict[int, Image.Image]:
    """Decode some photos of a shard, by image id; note which are left out, or peculiar, and why."""
    images = {}
    for photo, _, _ in subjects:
        noticed: list[str] = []
        try:
            images[photo.image_id] = open_photo(task.images_folder, photo, noticed)
        except BadInputError as error:
            if not task.skip_bad:
                raise
            rejected[photo.image_id] = error.problem
        else:
            if noticed:
                peculiar[photo.image_id] = noticed
    return images


def _look(
    images: dict[int, Image.Image], choice: ProposerChoice, subjects: list[Subject]
) -> list[list[Proposal]]:
    """Let a detector look at photos that are open."""
    photos = [one.photo for one in subjects]
    pixels = [np.asarray(images[photo.image_id]) for photo in photos]
    return ask(choice, photos, pixels, [one.sentences for one in subjects])


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
                column: {"bytes": encoded(picture), "path": None}
                for column, picture in zip(columns, shown, strict=True)
            },
        }
        for proposal, box, shown in zip(proposals, boxes.tolist(), pictures, strict=True)
    ]


def encoded(picture: Image.Image) -> bytes:
    """Return a picture as the JPEG file that a candidate is."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=FULL_COLOR)
    return buffer.getvalue()
