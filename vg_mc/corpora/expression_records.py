"""Expression records: an expression, its box and its image, as flat files contain them.

The REFER format keeps images, boxes and expressions in separate tables; all other formats have one
row per expression. Each of these formats is translated into the fields below, which are checked in
one place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vg_mc.corpora.inspection import Inspection, as_expression
from vg_mc.corpora.instances import inner_path
from vg_mc.system.fields import as_integer, as_numbers, as_positive_integer, as_text

# Fields of a record. The first four are required, the others may be missing or None.
IMAGE, EXPRESSION, BOX, SPLIT = "image", "expression", "box", "split"
CATEGORY, WIDTH, HEIGHT = "category", "width", "height"
IMAGE_ID, ANNOTATION_ID, REF_ID, EXPRESSION_ID = "image_id", "annotation_id", "ref_id", "id"


@dataclass(frozen=True, slots=True)
class ExpressionRecord:
    """One expression with its box, checked field by field, but not yet against its image.

    Attributes:
        file: The file it was read from.
        place: Its place in the file, for messages.
        box: Four numbers in the box format of the file.
        size: Width and height of the image; None if the file does not contain them.
    """

    file: Path
    place: str
    file_name: str
    text: str
    box: tuple[float, ...]
    split: str
    category: str | None
    size: tuple[int, int] | None
    image_id: int | None
    annotation_id: int | None
    ref_id: int | None
    expression_id: int | None


def as_expression_record(
    fields: Mapping[str, object], file: Path, record: str, inspection: Inspection
) -> ExpressionRecord:
    """Check a record whose fields are named as above.

    Raises:
        BadInputError: At the first field that is missing or has the wrong type.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    has_size = WIDTH in given or HEIGHT in given
    return ExpressionRecord(
        file=file,
        place=record,
        file_name=inner_path(as_text(given, IMAGE)),
        text=as_expression(given, EXPRESSION, inspection),
        box=as_numbers(given, BOX, 4),
        split=as_text(given, SPLIT).strip(),
        category=as_text(given, CATEGORY) if CATEGORY in given else None,
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
