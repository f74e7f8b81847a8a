"""A user's own data: CSV, JSON lines or Parquet with a row per expression, or a COCO file.

Columns: ``image`` (a path inside the folder of images), ``expression``, ``box`` (four numbers) or
four columns (``left, top, right, bottom`` or ``left, top, width, height``), ``split``, and if one
likes ``id``, ``ref_id``, ``image_id``, ``annotation_id``, ``category``. Without ``split`` the name
of the file is the split: ``val.csv``.
"""

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from vg_mc.boxes.formats import BoxFormat
from vg_mc.corpora import expression_records as names
from vg_mc.corpora.assembly import Source, assemble
from vg_mc.corpora.coco_expressions import is_coco, read_coco_expressions
from vg_mc.corpora.expression_records import as_statement, numbers_in, whole_number_in
from vg_mc.corpora.inspection import Inspection
from vg_mc.corpora.parquet_rows import read_rows
from vg_mc.errors import BadInputError
from vg_mc.records import Corpus
from vg_mc.system.fields import as_mapping, read_json

BOX_COLUMNS: dict[tuple[str, ...], BoxFormat] = {
    ("left", "top", "right", "bottom"): "xyxy",
    ("x1", "y1", "x2", "y2"): "xyxy",
    ("xmin", "ymin", "xmax", "ymax"): "xyxy",
    ("left", "top", "width", "height"): "xywh",
    ("x", "y", "w", "h"): "xywh",
    ("x", "y", "width", "height"): "xywh",
}
WHOLE_NUMBERS = (names.EXPRESSION_ID, names.REF_ID, names.IMAGE_ID, names.ANNOTATION_ID)
PLAIN = (names.IMAGE, names.EXPRESSION, names.BOX, names.SPLIT, names.CATEGORY)
COLUMNS_NAMED = 12  # of those that a file has, in a message about others

Rows = Iterator[tuple[str, object]]  # the name of a record, and the record


def read_table(
    path: Path,
    images_folder: Path,
    *,
    box_format: BoxFormat | None,
    skip_bad: bool,
    candidates_file: Path | None = None,
) -> Corpus:
    """Read a table, or all tables of a folder.

    Args:
        path: A file ending in .csv, .jsonl, .json or .parquet, or a folder of such files.
        images_folder: Where the column ``image`` starts.
        box_format: What the four numbers are; ``xyxy`` if None. COCO's files are ``xywh``.
        skip_bad: Collect bad records in the corpus' `rejected` instead of stopping at the first.
        candidates_file: A file like COCO's ``instances.json`` with all boxes of every image.

    Raises:
        BadInputError: If a file is unusable, or at the first bad record.
    """
    files = _files(path)
    inspection = Inspection(skip_bad=skip_bad)
    if len(files) == 1 and is_coco(files[0]):
        if box_format not in (None, "xywh") or candidates_file is not None:
            problem = "COCO's boxes are xywh, and its annotations are the candidates"
            raise BadInputError(f"{problem}: drop --box-format and --instances", file=files[0])
        return read_coco_expressions(files[0], images_folder, inspection)

    statements = []
    written: set[BoxFormat] = set()  # formats that names of columns tell
    for file in files:
        for record, row in _reader(file)(file):
            with inspection.record(file, record):
                if isinstance(row, BadInputError):
                    raise row
                _require_columns(as_mapping(row))
                columns = _box_columns(as_mapping(row))
                fields = _fields(as_mapping(row), columns, file)
                statements.append(as_statement(fields, file, record, inspection))
                if columns:
                    written.add(BOX_COLUMNS[columns])
    box_format = _agreed(box_format, written, path)
    source = Source(path.stem, files, images_folder, box_format, candidates_file)
    return assemble(statements, source, inspection)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in READERS)
    if not files:
        raise BadInputError(f"expected tables: files in {', '.join(READERS)}", file=path)
    return files


def _reader(file: Path) -> Callable[[Path], Rows]:
    if file.suffix.lower() not in READERS:
        raise BadInputError(f"expected a file in {', '.join(READERS)}", file=file)
    return READERS[file.suffix.lower()]


def _csv_rows(file: Path) -> Rows:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.reader(opened, strict=True)
            header = [name.strip().lower() for name in next(reader, [])]
            if len(set(header)) != len(header) or names.IMAGE not in header:
                problem = f"expected a first line with different names, one of them {names.IMAGE}"
                raise BadInputError(f"{problem}, divided by commas, not {header}", file=file)
            for cells in reader:
                if cells:
                    yield f"line {reader.line_num}", _named(cells, header)
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise BadInputError(f"expected a table in UTF-8: {fault}", file=file) from fault


def _named(cells: list[str], header: list[str]) -> object:
    """Return the cells of a line by their names, or what is wrong with it, as `_parsed` does."""
    if len(cells) == len(header):
        return dict(zip(header, cells, strict=True))
    problem = f"expected {len(header)} cells as in the first line, not {len(cells)}"
    return BadInputError(
        f"{problem}; a cell with a comma in it stands in double quotes, no blank before them"
    )


def _json_lines(file: Path) -> Rows:
    try:
        with file.open("rb") as opened:
            for number, line in enumerate(opened, start=1):
                if line.strip():
                    yield f"line {number}", _parsed(line)
    except OSError as fault:
        raise BadInputError(f"expected a readable file: {fault.strerror}", file=file) from fault


def _parsed(line: bytes) -> object:
    """Return the JSON of a line, or what is wrong with it, to be raised by whoever judges."""
    try:
        return json.loads(line)
    except json.JSONDecodeError as fault:
        return BadInputError(f"expected JSON: {fault.msg}, column {fault.colno}")
    except (ValueError, RecursionError) as fault:
        return BadInputError(f"expected JSON: {fault}")


def _json_records(file: Path) -> Rows:
    content = read_json(file)
    if not isinstance(content, list):
        problem = "expected a list of records, or COCO's images, annotations and categories"
        raise BadInputError(problem, file=file)
    yield from ((f"record {position}", record) for position, record in enumerate(content))


def _parquet_rows(file: Path) -> Rows:
    yield from ((f"row {position}", row) for position, row in enumerate(read_rows(file)))


READERS: dict[str, Callable[[Path], Rows]] = {
    ".csv": _csv_rows,
    ".jsonl": _json_lines,
    ".json": _json_records,
    ".parquet": _parquet_rows,
}


def _require_columns(row: Mapping[object, object]) -> None:
    """Name the columns that are missing beside those that are there: names are easily mixed up."""
    missing = [name for name in (names.IMAGE, names.EXPRESSION) if name not in row]
    if names.BOX not in row and not _box_columns(row):
        fours = ", ".join(" ".join(columns) for columns in BOX_COLUMNS)
        missing.append(f"{names.BOX} (or four like {fours})")
    if missing:
        there = ", ".join(str(name) for name in list(row)[:COLUMNS_NAMED])
        raise BadInputError(f"expected the columns {' and '.join(missing)}, found {there}")


def _box_columns(row: Mapping[object, object]) -> tuple[str, ...]:
    """Return the four columns that a box is in; none where it has a column of its own."""
    if names.BOX in row:
        return ()
    return next((columns for columns in BOX_COLUMNS if all(name in row for name in columns)), ())


def _agreed(asked: BoxFormat | None, written: set[BoxFormat], path: Path) -> BoxFormat:
    """Return the format of all boxes: names of columns tell, else the flag, else it is xyxy."""
    agreed: BoxFormat = "xyxy"
    if asked is not None:
        agreed = asked
    elif written:
        agreed = min(written)
    if any(kind != agreed.removeprefix("normalized-") for kind in written):
        named = " and ".join(sorted(written))
        problem = f"expected boxes as {agreed}, but columns are named for {named}"
        raise BadInputError(problem, file=path)
    return agreed


def _fields(
    row: Mapping[object, object], box_columns: tuple[str, ...], file: Path
) -> dict[str, object]:
    """Translate a row: cells of a CSV are texts, and pandas writes whole numbers as 3.0."""
    given = {name: value for name, value in row.items() if not _is_empty(value)}
    fields: dict[str, object] = {names.SPLIT: file.stem}
    fields |= {name: given[name] for name in PLAIN if name in given}
    fields |= {name: whole_number_in(given[name]) for name in WHOLE_NUMBERS if name in given}
    if box_columns:
        fields[names.BOX] = [given.get(column) for column in box_columns]
    fields[names.BOX] = numbers_in(fields.get(names.BOX))
    return fields


def _is_empty(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))
