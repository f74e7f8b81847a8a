"""Statements: "this expression means this box of this photo", as flat files make them.

REFER's layout keeps images, boxes and sentences in tables of their own. Everybody else writes a
line per sentence. Each such format is translated into the fields below, and one place checks them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vg_mc.corpora.inspection import Inspection, as_expression
from vg_mc.corpora.instances import inner_path
from vg_mc.system.fields import as_integer, as_numbers, as_positive_integer, as_text

# The fields of a record; the first four are needed, the others may be missing or None.
IMAGE, EXPRESSION, BOX, SPLIT = "image", "expression", "box", "split"
CATEGORY, WIDTH, HEIGHT = "category", "width", "height"
IMAGE_ID, ANNOTATION_ID, REF_ID, EXPRESSION_ID = "image_id", "annotation_id", "ref_id", "id"

# pandas writes a column of whole numbers as 3.0 once one of them is missing.
_WHOLE_NUMBER = re.compile(r"\s*(-?[0-9]{1,19})(?:\.0+)?\s*")


@dataclass(frozen=True, slots=True)
class Statement:
    """One expression with its box, checked field by field, but not yet against its photo.

    Attributes:
        file: Where it was read.
        record: Which record of the file it is.
        box: Four numbers in the format of the file.
        size: Width and height of the photo; None where the file does not tell.
    """

    file: Path
    record: str
    file_name: str
    text: str
    box: tuple[float, ...]
    split: str
    category: str
    size: tuple[int, int] | None
    image_id: int | None
    annotation_id: int | None
    ref_id: int | None
    expression_id: int | None


def as_statement(
    fields: Mapping[str, object], file: Path, record: str, inspection: Inspection
) -> Statement:
    """Check a record whose fields are named as above.

    Raises:
        BadInputError: At the first field that is missing or of the wrong kind.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    has_size = WIDTH in given or HEIGHT in given
    return Statement(
        file=file,
        record=record,
        file_name=inner_path(as_text(given, IMAGE)),
        text=as_expression(given, EXPRESSION, inspection),
        box=as_numbers(given, BOX, 4),
        split=as_text(given, SPLIT).strip(),
        category=as_text(given, CATEGORY) if CATEGORY in given else "",
        size=(as_positive_integer(given, WIDTH), as_positive_integer(given, HEIGHT))
        if has_size
        else None,
        image_id=_optional(given, IMAGE_ID),
        annotation_id=_optional(given, ANNOTATION_ID),
        ref_id=_optional(given, REF_ID),
        expression_id=_optional(given, EXPRESSION_ID),
    )


def _optional(given: Mapping[str, object], field: str) -> int | None:
    return as_integer(given, field) if field in given else None


def numbers_in(value: object) -> object:
    """Turn ``"[1, 2]"``, ``"(1, 2)"`` and ``"1 2"`` into a list of numbers; leave other values."""
    parts: object = value
    if isinstance(value, str):
        parts = re.split(r"[\s,;]+", _bare(value).strip())
    if not isinstance(parts, list):
        return value
    try:
        return [float(part) if isinstance(part, str) else part for part in parts]
    except ValueError:
        return value


def _bare(text: str) -> str:
    """Take one pair of brackets, of a list or a tuple, off a text."""
    text = text.strip()
    return text[1:-1] if text[:1] + text[-1:] in ("[]", "()") else text


def whole_number_in(value: object) -> object:
    """Turn ``"12"``, ``"12.0"`` and ``12.0`` into a whole number, and leave what is none alone."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and (found := _WHOLE_NUMBER.fullmatch(value)):
        return int(found[1])
    return value
