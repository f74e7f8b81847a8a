"""Layouts of flat files written by other programs, identified by their fields.

A layout is data. Any other file is a table with the columns of `corpora.table`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.corpora import expression_records as names


@dataclass(frozen=True, slots=True)
class TableLayout:
    """The format in which a program stores expressions.

    Attributes:
        known_by: Fields that every record has.
        columns: Names of the fields of `expression_records` in this format.
        boxes: What is known of the boxes.
        image_stem: Pattern whose first group is the file name without suffix; None if the field
            contains the file name.
    """

    name: str
    known_by: frozenset[str]
    columns: Mapping[str, str]
    boxes: DeclaredBoxes
    image_stem: re.Pattern[str] | None = None


_SIZES = {names.WIDTH: "width", names.HEIGHT: "height"}

LAYOUTS = (
    TableLayout(
        "MiniGPT-v2",
        frozenset({"img_id", "sents", "bbox"}),
        {names.IMAGE: "img_id", names.EXPRESSION: "sents", names.BOX: "bbox", **_SIZES},
        DeclaredBoxes("xywh", "pixels"),
        re.compile(r"(COCO_\w+?20\d\d_\d{12})(?:_\d+)?"),
    ),
    TableLayout(
        "InternVL and Qwen-VL",
        frozenset({"image", "sent", "bbox"}),
        {names.IMAGE: "image", names.EXPRESSION: "sent", names.BOX: "bbox", **_SIZES},
        DeclaredBoxes("xyxy", "pixels"),
    ),
)


def layout_of(row: Mapping[object, object]) -> TableLayout | None:
    """Return the layout of a record, None for a table with the columns of this package."""
    return next((layout for layout in LAYOUTS if layout.known_by <= set(row)), None)


def translated(row: Mapping[object, object], layout: TableLayout) -> dict[str, object]:
    """Convert a record of a layout to the fields of `expression_records`; drop other fields."""
    fields = {field: row[column] for field, column in layout.columns.items() if column in row}
    image = fields[names.IMAGE]
    if layout.image_stem is not None and isinstance(image, str):
        found = layout.image_stem.fullmatch(image)
        fields[names.IMAGE] = f"{found[1] if found else image}.jpg"
    return fields
