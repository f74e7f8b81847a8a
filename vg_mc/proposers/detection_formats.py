"""File formats of stored detections, recognized by their content.

| format | structure | boxes |
|---|---|---|
| MAttNet | list of ``{image_id, box, score, category_name}`` | left, top, width + 1, height + 1 |
| COCO results | list of ``{image_id, bbox, score}`` | left, top, width, height |
| refer | ``{"dets": [{image_id, box, score}]}`` | left, top, width, height |
| ReCLIP | ``{image_id: [box, ...]}`` | left, top, width, height, best first, no scores |
| CPT | ``{image_id: [{box}, ...]}`` | left, top, width, height, best first, no scores |
| transformers' pipeline | list, or by image, of ``{score, label, box}`` | xmin, ymin, xmax, ymax |
| vg_mc | Parquet, see `detection_table` | left, top, right, bottom |

In all formats ``file_name`` may be used in place of ``image_id``. A key of the ReCLIP and CPT
formats is a file name if it has a file extension.

MAttNet writes ``x2 - x1 + 1`` as width (https://github.com/lichengunc/MAttNet,
``tools/run_detect.py``); the reader subtracts 1. ReCLIP and CPT use their boxes without such a
correction, and so does this module.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vg_mc.errors import BadInputError
from vg_mc.proposers.detection_table import (
    FILE_NAME,
    IMAGE_ID,
    is_detection_table,
    read_rows,
)
from vg_mc.system.fields import read_json


class Layout(NamedTuple):
    """The fields of a detection in a format.

    Attributes:
        name: Name of the format in messages.
        box: Name of the field with the box.
        edges: Keys of the four numbers if the box is a mapping; None if it is a list.
        corners: Whether boxes are (left, top, right, bottom) or (left, top, width, height).
        surplus: Number of pixels to subtract from width and height.
        scored: Whether every detection has a score.
        categories: Fields that may contain the category; the first present one is used.
    """

    name: str
    box: str
    edges: tuple[str, str, str, str] | None = None
    corners: bool = False
    surplus: int = 0
    scored: bool = True
    categories: tuple[str, ...] = ("category_name", "category")

    def fits(self, record: object) -> bool:
        """Return whether a record has a box in this format."""
        if not isinstance(record, Mapping) or self.box not in record:
            return False
        return isinstance(record[self.box], Mapping) == (self.edges is not None)


MATTNET = Layout("MAttNet", "box", surplus=1)
COCO_RESULTS = Layout("COCO results", "bbox")
REFER = Layout("refer", "box")
BY_IMAGE = Layout("ReCLIP or CPT", "box", scored=False)
PIPELINE = Layout(
    "transformers' pipeline",
    "box",
    edges=("xmin", "ymin", "xmax", "ymax"),
    corners=True,
    categories=("label",),
)
TABLE = Layout("a Parquet file of vg_mc", "box", corners=True)

# The formats of a list of detections, and of a mapping from images to lists. The first record that
# fits a format decides. If none fits, records are read, and rejected, as the first format.
LISTS = (MATTNET, COCO_RESULTS, PIPELINE)
MAPPINGS = (BY_IMAGE, PIPELINE)

_JSON = ", ".join(dict.fromkeys(one.name for one in (*LISTS, REFER, *MAPPINGS)))
EXPECTED = f"expected detections in the format {_JSON}, or {TABLE.name}"


class StoredRecord(NamedTuple):
    """A detection as stored in a file, with its name for messages."""

    name: str
    content: object


def stored_records(file: Path) -> tuple[Layout, list[StoredRecord]]:
    """Return the format of a file of detections and its records, which are not validated.

    Raises:
        BadInputError: If the file cannot be read or has an unknown format.
    """
    try:
        if is_detection_table(file):
            return TABLE, _numbered("row", read_rows(file))
    except OSError as error:
        raise BadInputError(f"cannot be read: {error.strerror}", file=file) from error
    try:
        content = read_json(file)
    except BadInputError as fault:
        raise BadInputError(f"{EXPECTED}: {fault.problem}", file=file) from fault
    if isinstance(content, list):
        return _layout_of(content, LISTS), _numbered("detection", content)
    if isinstance(content, dict) and {"images", "annotations"} <= content.keys():
        problem = "expected a list of detections with image_id, bbox and score"
        raise BadInputError(f"{problem}, found a file of COCO annotations", file=file)
    if isinstance(content, dict) and isinstance(content.get("dets"), list):
        return REFER, _numbered("detection", content["dets"])
    if isinstance(content, dict) and all(isinstance(found, list) for found in content.values()):
        return _layout_of(chain(*content.values()), MAPPINGS), _named_by_image(content)
    raise BadInputError(f"{EXPECTED}, found another {type(content).__name__}", file=file)


def _layout_of(records: Iterable[object], known: Sequence[Layout]) -> Layout:
    """Return the format of the first record that fits one, by default the first format."""
    fitting = (layout for record in records for layout in known if layout.fits(record))
    return next(fitting, known[0])


def _numbered(kind: str, records: list[object] | list[dict[str, object]]) -> list[StoredRecord]:
    return [
        StoredRecord(_name(kind, position, record), record)
        for position, record in enumerate(records)
    ]


def _name(kind: str, position: int, record: object) -> str:
    if isinstance(record, Mapping) and isinstance(record.get("det_id"), int):
        return f"{kind} {position}, det_id {record['det_id']}"
    return f"{kind} {position}"


def _named_by_image(content: dict[str, list[object]]) -> list[StoredRecord]:
    return [
        StoredRecord(f"image {image_id!r}, box {position}", _with_image(found, image_id))
        for image_id, detections in content.items()
        for position, found in enumerate(detections)
    ]


def _with_image(found: object, image_id: str) -> object:
    """Return a detection with the image id or file name as a field."""
    number: object = int(image_id) if image_id.isascii() and image_id.isdecimal() else image_id
    key = FILE_NAME if PurePosixPath(image_id).suffix[1:].isalpha() else IMAGE_ID
    fields = found if isinstance(found, Mapping) else {"box": found}
    return {**fields, key: number}
