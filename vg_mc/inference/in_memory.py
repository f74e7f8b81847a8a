"""Build a prepared dataset in memory from images and expressions.

Any grounder of prepared datasets can then answer them. Candidates are drawn and compressed by the
same functions as in preparation; nothing is written. Unknown annotations such as targets are NaN.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from PIL import Image

from vg_mc.boxes.transforms import LongerSide
from vg_mc.errors import BadInputError
from vg_mc.inference.opening import opened
from vg_mc.inference.queries import Question
from vg_mc.prepared.build.description import described_views
from vg_mc.prepared.build.settings import Drawing
from vg_mc.prepared.build.shards import candidate_rows, whole_image_row
from vg_mc.prepared.dataset import Expressions, PreparedDataset
from vg_mc.prepared.manifest import WHOLE_IMAGES
from vg_mc.prepared.schema import (
    IMAGES,
    IMAGES_WITH_PIXELS,
    Features,
    arrow_schema,
    candidate_features,
)
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.on_demand import given, proposed
from vg_mc.records import UNKNOWN_DISTRACTORS, Orientation, Photo, Proposal
from vg_mc.text.cleaning import clean_text

NAME = Path("questions")  # replaces the folder of the dataset in messages

LookedAt = list[tuple[Photo, Image.Image]]


class Asked(NamedTuple):
    """Images with their expressions and candidates.

    Attributes:
        dataset: The images and candidates; image ids are positions in the input.
        expressions: The expressions about all images, in order.
        proposals: The candidates of each image, clipped to it.
    """

    dataset: PreparedDataset
    expressions: Expressions
    proposals: list[tuple[Proposal, ...]]


def asked(
    questions: Sequence[Question],
    drawing: Drawing,
    proposer: ProposerChoice,
    orientation: Orientation = "shown",
    run: Sequence[Photo] = (),
) -> Asked:
    """Decode the images, find their candidates and draw them.

    Args:
        questions: Images with expressions; the same file in two elements is treated as two images.
        drawing: How candidate images are drawn.
        proposer: Finds candidates of images without given boxes.
        orientation: The frame of the boxes.
        run: All images of a run in several calls, whose stored detections are checked together.

    Raises:
        BadInputError: If an image, a text or a box is invalid.
    """
    looked_at = [opened(question.image, orientation)[:2] for question in questions]
    texts = [[_cleaned(text) for text in question.expressions] for question in questions]
    found = _found(questions, looked_at, texts, proposer, run)
    photos = [replace(photo, image_id=place) for place, (photo, _) in enumerate(looked_at)]
    drawn = [
        candidate_rows(photo, image, proposals, drawing)
        for photo, (_, image), proposals in zip(photos, looked_at, found, strict=True)
    ]
    tables = {
        "candidates": _table(
            candidate_features(drawing.views), [r for rows in drawn for r in rows]
        ),
        "images": _table(IMAGES, [asdict(photo) for photo in photos]),
    }
    settings = {"image_size": drawing.image_size, "fit": drawing.fit}
    manifest = {"splits": [], "settings": settings | described_views(drawing.views)}
    placed = [
        tuple(replace(one, box=tuple(row["box"])) for one, row in zip(of_photo, rows, strict=True))
        for of_photo, rows in zip(found, drawn, strict=True)
    ]
    dataset = PreparedDataset(NAME, manifest, tables)
    return Asked(dataset, _expressions(photos, texts, [len(rows) for rows in drawn]), placed)


def asked_whole(
    questions: Sequence[Question], side: int | None, orientation: Orientation
) -> tuple[PreparedDataset, Expressions]:
    """Decode the images and store them whole, for a grounder that predicts boxes.

    Args:
        questions: Images with expressions.
        side: Longer side of stored images in pixels; None stores their sizes only.
        orientation: The frame of the boxes.

    Raises:
        BadInputError: If an image or a text is invalid.
    """
    looked_at = [opened(question.image, orientation)[:2] for question in questions]
    texts = [[_cleaned(text) for text in question.expressions] for question in questions]
    photos = [replace(photo, image_id=place) for place, (photo, _) in enumerate(looked_at)]
    settings: dict[str, object] = {"views": {}}
    if side is None:
        table = _table(IMAGES, [asdict(photo) for photo in photos])
    else:
        settings[WHOLE_IMAGES] = side
        images = (image for _, image in looked_at)
        rows = [
            whole_image_row(*pair, LongerSide(side)) for pair in zip(photos, images, strict=True)
        ]
        table = _table(IMAGES_WITH_PIXELS, rows)
    dataset = PreparedDataset(NAME, {"splits": [], "settings": settings}, {"images": table})
    return dataset, _expressions(photos, texts, [0] * len(photos))


def _found(
    questions: Sequence[Question],
    looked_at: LookedAt,
    texts: list[list[str]],
    proposer: ProposerChoice,
    run: Sequence[Photo],
) -> list[list[Proposal]]:
    """Return the candidates of each image; the proposer runs once for all without boxes."""
    boxless = [place for place, question in enumerate(questions) if question.boxes is None]
    detected: Iterator[list[Proposal]] = iter(())
    if boxless:
        seen, sentences = [looked_at[at] for at in boxless], [texts[at] for at in boxless]
        detected = iter(proposed(seen, proposer, sentences, run))
    return [
        next(detected) if question.boxes is None else given(question.boxes, photo, proposer)
        for question, (photo, _) in zip(questions, looked_at, strict=True)
    ]


def _expressions(photos: list[Photo], texts: list[list[str]], counts: list[int]) -> Expressions:
    """Return the expressions about all images; candidate ids are numbered consecutively."""
    ends = np.cumsum(counts, dtype=np.int64)
    ids = [np.arange(end - count, end) for end, count in zip(ends, counts, strict=True)]
    rows = [(photo, text) for photo, some in zip(photos, texts, strict=True) for text in some]
    keys = np.array([_key(photo, text) for photo, text in rows], np.int64)
    candidate_ids = [ids[photo.image_id] for photo, _ in rows]
    return Expressions(
        expression_ids=keys,
        image_ids=np.array([photo.image_id for photo, _ in rows], np.int64),
        texts=[text for _, text in rows],
        categories=[""] * len(rows),
        targets=np.full((len(rows), 4), np.nan),
        candidate_ids=candidate_ids,
        ious=[np.full(len(of_photo), np.nan) for of_photo in candidate_ids],
        rivals=np.full(len(rows), UNKNOWN_DISTRACTORS, np.int64),
    )


def _key(photo: Photo, text: str) -> int:
    """Return an expression id that depends only on the text and the file name of the image."""
    named = hashlib.sha256(f"{photo.file_name}\n{text}".encode())
    return int.from_bytes(named.digest()[:8], "little", signed=True)


def _table(features: Features, rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=arrow_schema(features))


def _cleaned(text: str) -> str:
    cleaned = clean_text(text)
    if not cleaned:
        raise BadInputError(f"expected a non-empty text, found {text!r}", record="expression")
    return cleaned
