"""The formats in which the field passes detections on; which one a file has is found by looking.

| format | looks like | boxes |
|---|---|---|
| MAttNet | list of ``{image_id, box, score, category_name}`` | sides count the last pixel in |
| COCO results | list of ``{image_id, bbox, score}`` | left, top, width, height |
| refer | ``{"dets": [{image_id, box, score}]}`` | left, top, width, height |
| ReCLIP | ``{image_id: [box, ...]}`` | left, top, width, height, best first, no scores |
| CPT | ``{image_id: [{box}, ...]}`` | left, top, width, height, best first, no scores |
| transformers' pipeline | list, or by image, of ``{score, label, box}`` | xmin, ymin, xmax, ymax |
| ours | Parquet, see `detection_table` | left, top, right, bottom |

In all of them ``file_name`` may stand in place of ``image_id``, and the name of a photo (anything
with an ending) in place of the id that ReCLIP and CPT file their boxes under: tables of one's own
often have no other key.

MAttNet writes ``x2 - x1 + 1`` as width (https://github.com/lichengunc/MAttNet,
``tools/run_detect.py``), and the pixel is taken back. ReCLIP and CPT use their boxes as they are
written, and so do we.
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
    """How a format spells a detection.

    Attributes:
        name: What messages call the format.
        box: The field of the box.
        edges: Names of the four numbers of a box that is a mapping; None for a list of numbers.
        corners: Whether the box is (left, top, right, bottom), not (left, top, width, height).
        surplus: By how many pixels a side is written too long.
        scored: Whether every detection has a score.
        categories: Fields that may hold the category; the first one that is there counts.
    """

    name: str
    box: str
    edges: tuple[str, str, str, str] | None = None
    corners: bool = False
    surplus: int = 0
    scored: bool = True
    categories: tuple[str, ...] = ("category_name", "category")

    def fits(self, record: object) -> bool:
        """Whether a record has a box as this format spells it."""
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
TABLE = Layout("a Parquet file of ours", "box", corners=True)

# The formats of a list of detections, and of a mapping from images to lists. The first record that
# fits one of them decides; if none does, the first format tells what is wrong with each record.
LISTS = (MATTNET, COCO_RESULTS, PIPELINE)
MAPPINGS = (BY_IMAGE, PIPELINE)

_JSON = ", ".join(dict.fromkeys(one.name for one in (*LISTS, REFER, *MAPPINGS)))
EXPECTED = f"expected detections as {_JSON} write them, or {TABLE.name}"


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
        return _layout_of(content, LISTS), _numbered("detection", content)
    if isinstance(content, dict) and {"images", "annotations"} <= content.keys():
        problem = "expected the list of detections alone, not a file like COCO's instances.json"
        raise BadInputError(f"{problem}: each has image_id, bbox and score", file=file)
    if isinstance(content, dict) and isinstance(content.get("dets"), list):
        return REFER, _numbered("detection", content["dets"])
    if isinstance(content, dict) and all(isinstance(found, list) for found in content.values()):
        return _layout_of(chain(*content.values()), MAPPINGS), _named_by_image(content)
    raise BadInputError(f"{EXPECTED}, not a {type(content).__name__} of other things", file=file)


def _layout_of(records: Iterable[object], known: Sequence[Layout]) -> Layout:
    """Choose by the first record that fits; where none does, each will be reported."""
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
    """Spell a detection that stands below its image id or file name like one that holds it."""
    number: object = int(image_id) if image_id.isascii() and image_id.isdecimal() else image_id
    key = FILE_NAME if PurePosixPath(image_id).suffix[1:].isalpha() else IMAGE_ID
    fields = found if isinstance(found, Mapping) else {"box": found}
    return {**fields, key: number}
