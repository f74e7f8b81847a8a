"""Layouts of RefCOCO mirrors on the Hugging Face hub, with the pitfalls of each.

A layout translates a row into the fields of expression records, one mapping per expression.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vg_mc.boxes.arithmetic import Boxes, as_boxes, xywh_to_xyxy
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.corpora import expression_records as names
from vg_mc.corpora.cells import numbers_in
from vg_mc.corpora.embedded_images import EmbeddedPhotos
from vg_mc.errors import BadInputError
from vg_mc.images.coco_names import coco_number
from vg_mc.system.fields import as_integer, as_mapping, as_numbers, as_positive_integer, as_text

Fields = dict[str, object]

SAME_BOX = 1.0  # tolerance in pixels for the same box in two formats: some are rounded
CLEAN_VAL_ROWS = frozenset({3_811, 3_805, 2_573})  # references in val of unc, unc, umd
CLEAN_TEST_ROWS = frozenset({5_023})  # and in test of umd


class Row(NamedTuple):
    """A row of a table and its context."""

    cells: Mapping[str, object]
    number: int  # over all files, from 1
    photos: EmbeddedPhotos


@dataclass(frozen=True, slots=True)
class Layout:
    """One format of the rows of a mirror.

    Attributes:
        columns: The columns that identify it; no others are read.
        sentences: The column with the expressions of a row, a list or a text.
        translate: Converts a row and one of its expressions to fields.
        boxes: What is known of the box in the fields.
        has_photos: Whether the table contains the images.
        references: Whether a row is one reference as in the official counts.
        checked_splits: Splits that combine corpora unless they have one of these row counts.
    """

    name: str
    columns: tuple[str, ...]
    sentences: str
    translate: Callable[[Row, object], Fields]
    boxes: DeclaredBoxes
    has_photos: bool
    references: bool
    optional_columns: tuple[str, ...] = ()
    checked_splits: tuple[tuple[str, frozenset[int]], ...] = ()


def find_layout(columns: Sequence[str]) -> Layout:
    """Return the layout of a file with these columns.

    Raises:
        BadInputError: If no known layout has them.
    """
    for layout in LAYOUTS:
        if set(layout.columns) <= set(columns):
            return layout
    known = "; ".join(f"{layout.name}: {', '.join(layout.columns)}" for layout in LAYOUTS)
    raise BadInputError(f"expected the columns of a known mirror ({known}), not {columns}")


def sentences_of(layout: Layout, cells: Mapping[str, object]) -> list[object]:
    """Return the expressions of a row, unchecked; empty if the column has no list."""
    found = cells.get(layout.sentences)
    if layout.sentences in TEXT_COLUMNS:
        return [found]
    return found if isinstance(found, list) else []


def _reference(row: Row, sentence: object) -> Fields:
    cells, words = row.cells, as_mapping(sentence)
    image = _json_in(cells, "raw_image_info")
    annotation = as_numbers(_json_in(cells, "raw_anns"), "bbox", 4)
    _require_same_box(as_numbers(cells, "bbox", 4), annotation)
    return {
        names.IMAGE: as_text(image, "file_name"),
        names.WIDTH: as_positive_integer(image, "width"),
        names.HEIGHT: as_positive_integer(image, "height"),
        names.EXPRESSION: words.get("sent", words.get("raw")),
        names.BOX: list(annotation),
        names.EXPRESSION_ID: as_integer(words, "sent_id"),
        names.REF_ID: as_integer(cells, "ref_id"),
        names.IMAGE_ID: as_integer(cells, "image_id"),
        names.ANNOTATION_ID: as_integer(cells, "ann_id"),
    }


def _require_same_box(written: tuple[float, ...], xywh: tuple[float, ...]) -> None:
    """Compare the box of a row, as corners or xywh, with COCO's box in the same row."""
    corners = xywh_to_xyxy(as_boxes(xywh))
    readings: list[Boxes] = [as_boxes(written), xywh_to_xyxy(as_boxes(written))]
    if not any(np.abs(reading - corners).max() <= SAME_BOX for reading in readings):
        problem = "expected bbox to be the box of raw_anns, as corners or as xywh"
        raise BadInputError(f"{problem}; bbox is {list(written)}, raw_anns has {list(xywh)}")


def _answers(row: Row, sentence: object) -> Fields:
    name = as_text(row.cells, "file_name")
    photo = row.photos.keep(row.cells.get("image"), name)
    return _with_photo(row, sentence, photo) | {
        names.REF_ID: row.number,
        names.IMAGE_ID: coco_number(name),
    }


def _question(row: Row, sentence: object) -> Fields:
    return _with_photo(row, sentence, row.photos.keep(row.cells.get("image")))


def _with_photo(row: Row, sentence: object, photo: tuple[str, int, int]) -> Fields:
    return {
        names.IMAGE: photo[0],
        names.WIDTH: photo[1],
        names.HEIGHT: photo[2],
        names.EXPRESSION: sentence,
        names.BOX: numbers_in(row.cells.get("bbox")),
    }


def _caption(row: Row, sentence: object) -> Fields:
    return {
        names.IMAGE: row.cells.get("file_name"),
        names.WIDTH: row.cells.get("width"),
        names.HEIGHT: row.cells.get("height"),
        names.EXPRESSION: sentence,
        names.BOX: numbers_in(row.cells.get("bbox")),
        names.EXPRESSION_ID: row.cells.get("id"),
    }


def _json_in(cells: Mapping[str, object], column: str) -> Mapping[object, object]:
    try:
        return as_mapping(json.loads(as_text(cells, column)))
    except (ValueError, RecursionError) as fault:
        if isinstance(fault, BadInputError):
            raise
        raise BadInputError(f"expected JSON as {column}: {fault}") from fault


TEXT_COLUMNS = frozenset({"question", "caption"})

LAYOUTS = (
    Layout(
        name="jxu124's, one row per reference",
        columns=("sentences", "raw_anns", "raw_image_info", "bbox", "ref_id", "ann_id", "image_id"),
        sentences="sentences",
        translate=_reference,
        boxes=DeclaredBoxes("xywh", "pixels"),
        has_photos=False,
        references=True,
        optional_columns=("split",),
    ),
    Layout(
        name="lmms-lab's, one row per reference with its image",
        columns=("question", "answer", "bbox", "image", "file_name"),
        sentences="answer",  # the question is the same prompt in every row
        translate=_answers,
        boxes=DeclaredBoxes("xywh", "pixels"),
        has_photos=True,
        references=True,
        checked_splits=(("val", CLEAN_VAL_ROWS), ("test", CLEAN_TEST_ROWS)),
    ),
    Layout(
        name="Kangheng's, one row per expression with its image",
        columns=("question", "bbox", "image"),
        sentences="question",
        translate=_question,
        boxes=DeclaredBoxes(unit="pixels"),
        has_photos=True,
        references=False,
    ),
    Layout(
        name="Ref-L4's, one row per expression",
        columns=("caption", "bbox", "file_name", "width", "height"),
        sentences="caption",
        translate=_caption,
        boxes=DeclaredBoxes("xywh", "pixels"),
        has_photos=False,
        references=False,
        optional_columns=("split", "id"),
    ),
)
