"""Reader of user tables: CSV, JSON lines or Parquet with one row per expression, or a COCO file.

Columns: ``image`` (a path inside the image folder), ``expression``, ``box`` (four numbers) or four
columns (``left, top, right, bottom`` or ``left, top, width, height``), ``split``, and optionally
``id``, ``ref_id``, ``image_id``, ``annotation_id``, ``category``. Without ``split`` the name of the
file or its folder contains the split: ``val.csv``.
"""

import math
from collections.abc import Mapping
from pathlib import Path

from vg_mc.boxes.conventions import Order
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.corpora import expression_records as names
from vg_mc.corpora.assembly import Source, assemble
from vg_mc.corpora.coco_expressions import is_coco, read_coco_expressions
from vg_mc.corpora.expression_records import as_expression_record, numbers_in, whole_number_in
from vg_mc.corpora.inspection import Inspection
from vg_mc.corpora.instances import COCO_BOXES
from vg_mc.corpora.rows import ENDINGS, rows_of
from vg_mc.corpora.splits import splits_of_files
from vg_mc.corpora.table_layouts import layout_of, translated
from vg_mc.errors import BadInputError
from vg_mc.records import Corpus, ImageFolder
from vg_mc.system.fields import as_mapping

BOX_COLUMNS: dict[tuple[str, ...], Order] = {
    ("left", "top", "right", "bottom"): "xyxy",
    ("x1", "y1", "x2", "y2"): "xyxy",
    ("xmin", "ymin", "xmax", "ymax"): "xyxy",
    ("left", "top", "width", "height"): "xywh",
    ("x", "y", "w", "h"): "xywh",
    ("x", "y", "width", "height"): "xywh",
}
WHOLE_NUMBERS = (names.EXPRESSION_ID, names.REF_ID, names.IMAGE_ID, names.ANNOTATION_ID)
PLAIN = (names.IMAGE, names.EXPRESSION, names.BOX, names.SPLIT, names.CATEGORY)
COLUMNS_NAMED = 12  # existing columns listed in a message about missing ones


def read_table(
    path: Path,
    images_folder: ImageFolder,
    *,
    declared: DeclaredBoxes,
    skip_bad: bool,
    candidates_file: Path | None = None,
) -> Corpus:
    """Read a table, or all tables of a folder.

    Args:
        path: A file ending in .csv, .jsonl, .json or .parquet, or a folder of such files.
        images_folder: Base folder of the paths in column ``image``.
        declared: Convention of the boxes where columns or layout do not state it. COCO files are
            always ``xywh`` in pixels.
        skip_bad: Collect bad records in the corpus' `rejected` instead of stopping at the first.
        candidates_file: A file in the format of COCO's ``instances.json`` with all boxes of every
            image.

    Raises:
        BadInputError: If a file is unusable, or at the first bad record.
    """
    files = _files(path)
    split_of = splits_of_files(files)
    inspection = Inspection(skip_bad=skip_bad)
    if len(files) == 1 and is_coco(files[0]):
        if declared.or_else(COCO_BOXES) != COCO_BOXES or candidates_file is not None:
            problem = "COCO boxes are always xywh in pixels, and its annotations are the candidates"
            flags = "--box-format, --box-unit and --instances"
            raise BadInputError(f"{problem}; remove {flags}", file=files[0])
        return read_coco_expressions(files[0], images_folder, split_of[files[0]], inspection)

    records = []
    written: set[DeclaredBoxes] = set()  # by column names or a layout
    for file in files:
        for record, row in rows_of(file, needed=names.IMAGE):
            with inspection.record(file, record):
                if isinstance(row, BadInputError):
                    raise row
                fields, stated = _read_row(as_mapping(row), split_of[file])
                records.append(as_expression_record(fields, file, record, inspection))
                written.add(stated)
    declared = _common(declared, written, path)
    source = Source(path.stem, files, images_folder, declared, candidates_file)
    return assemble(records, source, inspection)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in ENDINGS)
    if not files:
        raise BadInputError(f"expected tables: files in {', '.join(ENDINGS)}", file=path)
    return files


def _read_row(row: Mapping[object, object], split: str) -> tuple[dict[str, object], DeclaredBoxes]:
    """Return the fields of a row, and what its layout or its columns state about the box."""
    layout = layout_of(row)
    if layout is not None:
        return {names.SPLIT: split, **translated(row, layout)}, layout.boxes
    _require_columns(row)
    columns = _box_columns(row)
    return _fields(row, columns, split), DeclaredBoxes(BOX_COLUMNS.get(columns))


def _require_columns(row: Mapping[object, object]) -> None:
    """Raise an error with the missing and the existing columns if a required one is missing."""
    missing = [name for name in (names.IMAGE, names.EXPRESSION) if name not in row]
    if names.BOX not in row and not _box_columns(row):
        fours = ", ".join(" ".join(columns) for columns in BOX_COLUMNS)
        missing.append(f"{names.BOX} (or four like {fours})")
    if missing:
        there = ", ".join(str(name) for name in list(row)[:COLUMNS_NAMED])
        raise BadInputError(f"expected the columns {' and '.join(missing)}, found {there}")


def _box_columns(row: Mapping[object, object]) -> tuple[str, ...]:
    """Return the four columns of a box, or none if the box has a single column."""
    if names.BOX in row:
        return ()
    return next((columns for columns in BOX_COLUMNS if all(name in row for name in columns)), ())


def _common(asked: DeclaredBoxes, written: set[DeclaredBoxes], path: Path) -> DeclaredBoxes:
    """Return what is stated about all boxes: by the flags, else by column names or the layout."""
    if len(written) > 1:
        named = " and ".join(sorted(map(str, written)))
        raise BadInputError(f"expected boxes of one convention, found {named}", file=path)
    stated = written.pop() if written else DeclaredBoxes()
    agreed = asked.or_else(stated)
    if stated.order not in (None, agreed.order):
        problem = f"--box-format is {agreed.order}, but the columns are those of {stated.order}"
        raise BadInputError(problem, file=path)
    return agreed


def _fields(
    row: Mapping[object, object], box_columns: tuple[str, ...], split: str
) -> dict[str, object]:
    """Convert a row to fields: cells of a CSV are texts, and pandas writes integers as 3.0."""
    given = {name: value for name, value in row.items() if not _is_empty(value)}
    fields: dict[str, object] = {names.SPLIT: split}
    fields |= {name: given[name] for name in PLAIN if name in given}
    fields |= {name: whole_number_in(given[name]) for name in WHOLE_NUMBERS if name in given}
    if box_columns:
        fields[names.BOX] = [given.get(column) for column in box_columns]
    fields[names.BOX] = numbers_in(fields.get(names.BOX))
    return fields


def _is_empty(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))
