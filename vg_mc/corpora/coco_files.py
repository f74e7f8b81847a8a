"""The tables of a COCO file, with ids and boxes as COCO defines them.

Many programs write ids as texts, and some write a box as an object. Ids become numbers:
``"000012"`` is 12, and other texts are numbered after the largest number. Boxes become ``[left,
top, width, height]``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from vg_mc.corpora.cells import box_in, counter, whole_number_in
from vg_mc.errors import BadInputError
from vg_mc.system.fields import LARGEST, as_list, as_mapping, read_json

# RefCLEF identifies a region by its image and its number in that image.
REGION_OF_IMAGE = re.compile(r"([0-9]{1,12})_([0-9]{1,4})")
BOX = "bbox"


class CocoTables(NamedTuple):
    """The records of a COCO file.

    Attributes:
        numbered_images: Ids that were given to images whose ids are other texts than numbers.
        notes: What was changed, one sentence each.
    """

    images: list[object]
    annotations: list[object]
    categories: list[object]
    numbered_images: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()


def read_coco(file: Path) -> CocoTables:
    """Read a COCO file.

    Raises:
        BadInputError: If it has no tables of images and annotations.
    """
    return coco_tables(read_json(file), file)


def coco_tables(content: object, file: Path) -> CocoTables:
    """Return the tables in the content of a COCO file.

    Raises:
        BadInputError: If there are no tables of images and annotations.
    """
    try:
        content = {"categories": [], **as_mapping(content)}
        tables = {name: as_list(content, name) for name in ("images", "annotations", "categories")}
    except BadInputError as fault:
        raise BadInputError(fault.problem, file=file) from fault
    images = _Ids.of("images", [(tables["images"], "id"), (tables["annotations"], "image_id")])
    regions = _Ids.of("annotations", [(tables["annotations"], "id")])
    kinds = _Ids.of(
        "categories", [(tables["categories"], "id"), (tables["annotations"], "category_id")]
    )
    annotation_ids = {"id": regions, "image_id": images, "category_id": kinds}
    return CocoTables(
        [_changed(one, {"id": images}) for one in tables["images"]],
        [_changed(one, annotation_ids) for one in tables["annotations"]],
        [_changed(one, {"id": kinds}) for one in tables["categories"]],
        frozenset(images.numbers.values()),
        tuple(note for ids in (images, regions, kinds) for note in ids.notes()),
    )


@dataclass(frozen=True, slots=True)
class _Ids:
    """Numbers of ids that are texts but not numbers, by text."""

    name: str
    numbers: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, columns: Iterable[tuple[list[object], str]]) -> "_Ids":
        """Number the texts of some columns after the largest number in them."""
        values = [
            record[key] for table, key in columns for record in table
            if isinstance(record, dict) and key in record
        ]  # fmt: skip
        texts = [value for value in values if isinstance(value, str)]
        if not texts:
            return cls(name)
        read = {text: whole_number_in(text) for text in texts}
        names = [text for text, number in read.items() if _is_name(text, number)]
        plain = [
            value
            for value in (*values, *read.values())
            if type(value) is int and abs(value) < LARGEST
        ]
        following = counter(plain)
        return cls(name, {text: following() for text in names})

    def number(self, value: object) -> object:
        """Return the number of an id; values that are no id are kept for a later error."""
        if not isinstance(value, str):
            return value
        return self.numbers.get(value, whole_number_in(value))

    def notes(self) -> list[str]:
        """Return a sentence about numbered texts."""
        if not self.numbers:
            return []
        first, number = next(iter(self.numbers.items()))
        return [f"{len(self.numbers):,} ids of {self.name} are texts: {first!r} becomes {number}"]


def _is_name(text: str, number: object) -> bool:
    return isinstance(number, str) and bool(text.strip()) and not REGION_OF_IMAGE.fullmatch(text)


def _changed(record: object, ids: Mapping[str, _Ids]) -> object:
    """Return a record with numbers as ids and a list as box; the same one if it has them."""
    if not isinstance(record, dict):
        return record
    new: dict[str, object] = {}
    for key, column in ids.items():
        if isinstance(record.get(key), str):
            new[key] = column.number(record[key])
    if BOX in record and not isinstance(record[BOX], list):
        new[BOX] = _sides(record[BOX])
    return {**record, **new} if new else record


def _sides(written: object) -> object:
    """Return left, top, width and height of a box with named sides or in a text."""
    numbers, order = box_in(written)
    if order != "xyxy" or not isinstance(numbers, list):
        return numbers
    try:
        left, top, right, bottom = numbers
        return [left, top, right - left, bottom - top]
    except TypeError:
        return written
