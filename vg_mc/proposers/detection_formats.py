"""The formats in which the field passes detections on; which one a file has is found by looking.

| format | looks like | boxes |
|---|---|---|
| MAttNet | list of ``{image_id, box, score, category_name}`` | sides count the last pixel in |
| COCO results | list of ``{image_id, bbox, score}`` | left, top, width, height |
| refer | ``{"dets": [{image_id, box, score}]}`` | left, top, width, height |
| ReCLIP | ``{image_id: [box, ...]}`` | left, top, width, height, best first, no scores |
| CPT | ``{image_id: [{box}, ...]}`` | left, top, width, height, best first, no scores |
| ours | Parquet, see `detection_table` | left, top, right, bottom |

In all of them ``file_name`` may stand in place of ``image_id``, and the name of a photo (anything
with an ending) in place of the id that ReCLIP and CPT file their boxes under: tables of one's own
often have no other key.

MAttNet writes ``x2 - x1 + 1`` as width (https://github.com/lichengunc/MAttNet,
``tools/run_detect.py``), and the pixel is taken back. ReCLIP and CPT use their boxes as they are
written, and so do we.
"""

from collections.abc import Mapping
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
    """How a format spells a detection.

    Attributes:
        box: The field of the box.
        corners: Whether the box is (left, top, right, bottom), not (left, top, width, height).
        surplus: By how many pixels a side is written too long.
        scored: Whether every detection has a score.
    """

    box: str
    corners: bool = False
    surplus: int = 0
    scored: bool = True


MATTNET = Layout("box", surplus=1)
COCO_RESULTS = Layout("bbox")
REFER = Layout("box")
BY_IMAGE = Layout("box", scored=False)  # ReCLIP's and CPT's
TABLE = Layout("box", corners=True)

EXPECTED = (
    "expected detections as MAttNet, COCO results, refer, ReCLIP or CPT write them, or a Parquet "
    "file of ours"
)


class StoredRecord(NamedTuple):
    """A detection as it stands in a file, and what a message calls it."""

    name: str
    content: object


def stored_records(file: Path) -> tuple[Layout, list[StoredRecord]]:
    """Return the format of a file of detections, and its records, which nobody has checked.

    Raises:
        BadInputError: If it has none of the formats.
    """
    try:
        if is_detection_table(file):
            return TABLE, _numbered("row", read_rows(file))
    except OSError as error:
        raise BadInputError(f"expected a readable file: {error.strerror}", file=file) from error
    try:
        content = read_json(file)
    except BadInputError as fault:
        raise BadInputError(f"{EXPECTED}: {fault.problem}", file=file) from fault
    if isinstance(content, list):
        return _layout_of_list(content), _numbered("detection", content)
    if isinstance(content, dict) and {"images", "annotations"} <= content.keys():
        problem = "expected the list of detections alone, not a file like COCO's instances.json"
        raise BadInputError(f"{problem}: each has image_id, bbox and score", file=file)
    if isinstance(content, dict) and isinstance(content.get("dets"), list):
        return REFER, _numbered("detection", content["dets"])
    if isinstance(content, dict) and all(isinstance(found, list) for found in content.values()):
        return BY_IMAGE, _named_by_image(content)
    raise BadInputError(f"{EXPECTED}, not a {type(content).__name__} of other things", file=file)


def _layout_of_list(records: list[object]) -> Layout:
    """Choose by the first record that has a box; where none has, each will be reported."""
    for record in records:
        if isinstance(record, Mapping):
            if "box" in record:
                return MATTNET
            if "bbox" in record:
                return COCO_RESULTS
    return MATTNET


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
    """Spell a detection that stands below its image id or file name like one that holds it."""
    number: object = int(image_id) if image_id.isascii() and image_id.isdecimal() else image_id
    key = FILE_NAME if PurePosixPath(image_id).suffix[1:].isalpha() else IMAGE_ID
    fields = found if isinstance(found, Mapping) else {"box": found}
    return {**fields, key: number}
