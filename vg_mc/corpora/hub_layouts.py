"""How mirrors of RefCOCO on the Hugging Face hub spell a reference, and where each of them traps.

A layout translates a row into the fields of statements, one mapping per sentence.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vg_mc.boxes.arithmetic import Boxes, as_boxes, xywh_to_xyxy
from vg_mc.boxes.formats import BoxFormat
from vg_mc.corpora import expression_records as names
from vg_mc.corpora.embedded_images import EmbeddedPhotos
from vg_mc.corpora.expression_records import numbers_in
from vg_mc.errors import BadInputError
from vg_mc.images.coco_names import coco_number
from vg_mc.system.fields import as_integer, as_mapping, as_numbers, as_positive_integer, as_text

Fields = dict[str, object]

SAME_BOX = 1.0  # pixels by which two spellings of one box may differ: some round to whole pixels
CLEAN_VAL_ROWS = frozenset({3_811, 3_805, 2_573})  # references in val of unc, unc, umd
CLEAN_TEST_ROWS = frozenset({5_023})  # and in test of umd


class Row(NamedTuple):
    """A row and what surrounds it."""

    cells: Mapping[str, object]
    number: int  # over all files, from 1
    photos: EmbeddedPhotos


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to spell a reference.

    Attributes:
        columns: By which it is known; no others are read.
        sentences: Where the sentences of a row stand: a list, or a text.
        translate: Turns a row and one of its sentences into fields.
        box_format: Of the fields' box; None has to be found out.
        has_photos: Whether photos are in the table.
        references: Whether a row is a reference as the official counts count them.
        checked_splits: Splits that mix corpora, unless they have one of these numbers of rows.
    """

    name: str
    columns: tuple[str, ...]
    sentences: str
    translate: Callable[[Row, object], Fields]
    box_format: BoxFormat | None
    has_photos: bool
    references: bool
    optional_columns: tuple[str, ...] = ()
    checked_splits: tuple[tuple[str, frozenset[int]], ...] = ()


def find_layout(columns: Sequence[str]) -> Layout:
    """Return the layout that a file with these columns is in.

    Raises:
        BadInputError: If it is in none that we know.
    """
    for layout in LAYOUTS:
        if set(layout.columns) <= set(columns):
            return layout
    known = "; ".join(f"{layout.name}: {', '.join(layout.columns)}" for layout in LAYOUTS)
    raise BadInputError(f"expected the columns of a mirror that we know ({known}), not {columns}")


def sentences_of(layout: Layout, cells: Mapping[str, object]) -> list[object]:
    """Return what stands where the sentences of a row should; empty where there is no list."""
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
    """Hold the box of a row, corners or not, against COCO's own of the same row."""
    corners = xywh_to_xyxy(as_boxes(xywh))
    readings: list[Boxes] = [as_boxes(written), xywh_to_xyxy(as_boxes(written))]
    if not any(np.abs(reading - corners).max() <= SAME_BOX for reading in readings):
        problem = "expected bbox to be the box of raw_anns, as corners or as it is"
        raise BadInputError(f"{problem}, not {list(written)} beside {list(xywh)}")


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
        name="jxu124's, a row per reference",
        columns=("sentences", "raw_anns", "raw_image_info", "bbox", "ref_id", "ann_id", "image_id"),
        sentences="sentences",
        translate=_reference,
        box_format="xywh",
        has_photos=False,
        references=True,
        optional_columns=("split",),
    ),
    Layout(
        name="lmms-lab's, a row per reference with its photo",
        columns=("question", "answer", "bbox", "image", "file_name"),
        sentences="answer",  # the question asks for a caption, in the same words every time
        translate=_answers,
        box_format="xywh",
        has_photos=True,
        references=True,
        checked_splits=(("val", CLEAN_VAL_ROWS), ("test", CLEAN_TEST_ROWS)),
    ),
    Layout(
        name="Kangheng's, a row per sentence with its photo",
        columns=("question", "bbox", "image"),
        sentences="question",
        translate=_question,
        box_format=None,
        has_photos=True,
        references=False,
    ),
    Layout(
        name="Ref-L4's, a row per sentence",
        columns=("caption", "bbox", "file_name", "width", "height"),
        sentences="caption",
        translate=_caption,
        box_format="xywh",
        has_photos=False,
        references=False,
        optional_columns=("split", "id"),
    ),
)
