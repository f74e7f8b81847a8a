"""Files of stored detections: lists and mappings in JSON, tables, and label files of YOLO.

Each is read as a layout of `detection_formats` and a sequence of records, which are not validated
here. Lists of boxes, scores and labels become one record per box.
"""

import csv
import json
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeAlias

from vg_mc.boxes.conventions import ORDERS, BoxConvention
from vg_mc.errors import BadInputError
from vg_mc.proposers.detection_formats import (
    ENTRY,
    EXPECTED,
    FILE_NAMES,
    GROUNDED_SAM,
    IMAGE_ID,
    LABELS,
    LISTS,
    MAPPINGS,
    REFER,
    ROWS,
    Layout,
    layout_of,
    nearest,
)
from vg_mc.proposers.detection_table import is_detection_table, read_rows
from vg_mc.system.fields import read_json

JSON_LINES = (".jsonl", ".ndjson")
LABEL_FILES, CLASS_NAMES = "*.txt", "classes.txt"

Place: TypeAlias = tuple[str, int]  # container and position of a record


class StoredRecord(NamedTuple):
    """A detection as stored in a file: where it is, and its content or what is wrong with it."""

    place: Place
    content: object

    @property
    def name(self) -> str:
        """The name in messages."""
        container, position = self.place
        number = self.content.get("det_id") if isinstance(self.content, Mapping) else None
        return f"{container} {position}" + (f", det_id {number}" if isinstance(number, int) else "")


Records: TypeAlias = Iterator[StoredRecord]


def stored_files(source: Path) -> list[Path]:
    """Return the files of stored detections: `source` itself, or the label files in a folder.

    Hidden files and the list of class names that annotation tools write are no label files.
    """
    if not source.is_dir():
        return [source]
    files = sorted(source.rglob(LABEL_FILES))
    return [one for one in files if one.name != CLASS_NAMES and not one.name.startswith(".")]


def stored_records(file: Path) -> tuple[Layout, Records]:
    """Return the layout of a file of detections and its records.

    Raises:
        BadInputError: If the file cannot be read or has an unknown layout.
    """
    if file.is_dir():
        if not stored_files(file):
            raise BadInputError(f"expected label files of YOLO ({LABEL_FILES})", file=file)
        return LABELS, _read_labels(file)
    try:
        if is_detection_table(file):
            return _listed("row", read_rows(file), ROWS, file)
        if file.suffix.lower() == ".csv":
            return _listed("row", _csv_rows(file), ROWS, file)
        if file.suffix.lower() in JSON_LINES:
            return _listed("line", _json_lines(file), LISTS, file)
    except OSError as error:
        raise BadInputError(f"cannot be read: {error.strerror}", file=file) from error
    try:
        content = read_json(file)
    except BadInputError as fault:
        raise BadInputError(f"{EXPECTED}: {fault.problem}", file=file) from fault
    if isinstance(content, list):
        return _listed("detection", content, LISTS, file)
    if isinstance(content, dict):
        return _of_mapping(content, file)
    raise BadInputError(f"{EXPECTED}; found another {type(content).__name__}", file=file)


def _of_mapping(content: dict[str, object], file: Path) -> tuple[Layout, Records]:
    if {"images", "annotations"} <= content.keys():
        problem = "expected a list of detections with image_id, bbox and score"
        raise BadInputError(f"{problem}, found a file of COCO annotations", file=file)
    if isinstance(content.get("dets"), list):
        return REFER, _numbered("detection", content["dets"])  # type: ignore[arg-type]
    if "image_path" in content and isinstance(content.get("annotations"), list):
        return _grounded_sam(content, file)
    if layout_of([content], LISTS) is not None:
        return _listed("detection", [content], LISTS, file)
    if all(isinstance(found, list | dict) or _is_image(key) for key, found in content.items()):
        return _by_image(content, file)
    problem = nearest([content], LISTS)
    raise BadInputError(f"{EXPECTED}; {problem}", file=file)


def _listed(
    kind: str, content: Sequence[object], known: Sequence[Layout], file: Path
) -> tuple[Layout, Records]:
    """Return a list of records with its layout, which an empty list need not have."""
    layout = layout_of(content, known)
    if layout is None:
        if content:
            raise BadInputError(f"{EXPECTED}; {nearest(content, known)}", file=file)
        layout = known[0]
    return layout, _one_per_box(_numbered(kind, content), layout)


def _by_image(content: Mapping[str, object], file: Path) -> tuple[Layout, Records]:
    """Return the detections of a mapping from images to lists of detections, or to columns."""
    listed = {image: found if isinstance(found, list) else [found]
              for image, found in content.items()}  # fmt: skip
    everything = list(chain(*listed.values()))
    layout = layout_of(everything, MAPPINGS)
    if layout is None:
        if any(isinstance(one, Mapping) for one in everything):
            raise BadInputError(f"{EXPECTED}; {nearest(everything, MAPPINGS)}", file=file)
        layout = MAPPINGS[0]
    records = (
        StoredRecord((f"image {image!r}, box", position), _with_image(found, image))
        for image, detections in listed.items()
        for position, found in enumerate(detections)
    )
    return layout, _one_per_box(records, layout)


def _numbered(kind: str, content: Sequence[object]) -> Records:
    return (StoredRecord((kind, position), record) for position, record in enumerate(content))


def _is_image(key: str) -> bool:
    """Return whether a key is an image id or a file name."""
    return key.isdecimal() or PurePosixPath(key).suffix[1:].isalpha()


def _with_image(found: object, image: str) -> object:
    """Return a detection with the image id or file name as a field."""
    number: object = int(image) if image.isascii() and image.isdecimal() else image
    key = FILE_NAMES[0] if PurePosixPath(image).suffix[1:].isalpha() else IMAGE_ID
    fields = found if isinstance(found, Mapping) else {"box": found}
    return {**fields, key: number}


def _one_per_box(records: Records, layout: Layout) -> Records:
    """Split records with a list in each field into one record per box."""
    if not layout.columns:
        yield from records
        return
    fields = (str(layout.box), layout.score, *layout.names, *layout.ids)
    for record in records:
        if not isinstance(record.content, Mapping):
            yield record
            continue
        content = record.content
        columns = {name: content[name] for name in fields if isinstance(content.get(name), list)}
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) != 1 or str(layout.box) not in lengths:
            problem = f"expected lists of the same length, found {reprlib.repr(lengths)}"
            yield StoredRecord(record.place, BadInputError(problem))
            continue
        container = record.name if record.place[0].startswith(("detection", "line")) else (
            record.place[0].removesuffix(", box"))  # fmt: skip
        for position, values in enumerate(zip(*columns.values(), strict=True)):
            one = {**content, **dict(zip(columns, values, strict=True))}
            yield StoredRecord((f"{container}, box", position), one)


def _grounded_sam(content: Mapping[str, object], file: Path) -> tuple[Layout, Records]:
    """Return the detections of one image with its path, and the order of the numbers."""
    order = content.get("box_format", "xyxy")
    if order not in ORDERS:
        problem = f"expected one of {', '.join(ORDERS)}, found {reprlib.repr(order)}"
        raise BadInputError(problem, file=file, record="box_format")
    layout = GROUNDED_SAM._replace(convention=BoxConvention(order))
    image = {"image_path": content["image_path"]}
    found = [{**one, **image} if isinstance(one, dict) else one
             for one in content["annotations"]]  # type: ignore[attr-defined]  # fmt: skip
    return layout, _numbered("annotation", found)


def _json_lines(file: Path) -> list[object]:
    records: list[object] = []
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        try:
            records += [json.loads(line)] if line.strip() else []
        except (ValueError, RecursionError) as fault:
            records.append(BadInputError(f"expected JSON in line {number}: {fault}"))
    return records


def _csv_rows(file: Path) -> list[object]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            return [{name: _value(str(name), text) for name, text in row.items()}
                    for row in csv.DictReader(opened)]  # fmt: skip
    except (UnicodeDecodeError, csv.Error) as fault:
        raise BadInputError(f"expected a CSV file in UTF-8: {fault}", file=file) from fault


def _value(name: str, text: object) -> object:
    """Return a cell of a CSV file as a number or list, if it is one; names of files stay texts."""
    if not isinstance(text, str) or name in FILE_NAMES:
        return text or None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text or None


def _read_labels(folder: Path) -> Records:
    """Yield the lines ``class x y width height [confidence]`` of the label files in a folder."""
    for file in stored_files(folder):
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as fault:
            raise BadInputError(f"expected a label file of YOLO: {fault}", file=file) from fault
        for number, line in enumerate(lines, 1):
            if line.strip():
                name = file.relative_to(folder).as_posix()
                yield StoredRecord((f"{name}, line", number), _label(line, file.stem))


def _label(line: str, image: str) -> object:
    expected = "expected class, x, y, width, height and possibly a confidence"
    try:
        number, *values = map(float, line.split())
    except ValueError:
        return BadInputError(f"{expected}, found {reprlib.repr(line)}")
    if len(values) not in (4, 5) or not number.is_integer():
        return BadInputError(f"{expected}, found {reprlib.repr(line)}")
    score = {"confidence": values[4]} if len(values) == 5 else {}
    return {FILE_NAMES[0]: image, ENTRY: values[:4], "class_id": int(number), **score}
