"""Detections as a Parquet file of our own: written once, read by any later preparation.

One row per detection: ``image_id`` (int64), ``box`` (left, top, right, bottom in continuous pixels
of the photo), ``score`` (from 0 to 1) and ``category`` (empty where unknown). Whoever has another
kind of detector can write the same columns with any library, and ``file_name`` in place of
``image_id``: the name of the photo as the corpus spells it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vg_mc.errors import BadInputError
from vg_mc.records import Proposal
from vg_mc.system.atomic import whole_file

MAGIC = b"PAR1"  # the first bytes of every Parquet file
IMAGE_ID, FILE_NAME = "image_id", "file_name"  # what says of which photo a detection is
COLUMNS = pa.schema(
    [
        (IMAGE_ID, pa.int64()),
        ("box", pa.list_(pa.float64(), 4)),
        ("score", pa.float64()),
        ("category", pa.string()),
    ]
)


def write_detections(
    file: Path, detections: Mapping[int, Sequence[Proposal]] | Mapping[str, Sequence[Proposal]]
) -> None:
    """Write the detections of each image id or, if the keys are texts, of each file name.

    `prepare_data.py --proposals` reads them back.
    """
    named = any(isinstance(photo, str) for photo in detections)
    key = pa.field(FILE_NAME, pa.string()) if named else COLUMNS.field(IMAGE_ID)
    schema = COLUMNS.set(0, key)
    rows = [
        {
            key.name: photo,
            "box": list(found.box),
            "score": found.score,
            "category": found.category,
        }
        for photo, proposals in detections.items()
        for found in proposals
    ]
    with whole_file(file) as partial:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), partial, compression="zstd")


def is_detection_table(file: Path) -> bool:
    """Tell a Parquet file, of whatever columns, by its first bytes."""
    with file.open("rb") as opened:
        return opened.read(len(MAGIC)) == MAGIC


def read_rows(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a table of detections, whatever their values.

    Raises:
        BadInputError: If it is damaged or lacks a column.
    """
    try:
        table = pq.read_table(file)
    except (pa.ArrowException, OSError) as error:
        raise BadInputError(f"expected a Parquet file of detections: {error}", file=file) from error
    there = set(table.column_names)
    missing = sorted({"box", "score"} - there)
    if not {IMAGE_ID, FILE_NAME} & there:
        missing.append(f"{IMAGE_ID} or {FILE_NAME}")
    if missing:
        problem = f"expected the columns {', '.join(COLUMNS.names)}; {', '.join(missing)} not found"
        raise BadInputError(problem, file=file)
    known = [name for name in (FILE_NAME, *COLUMNS.names) if name in there]
    rows: list[dict[str, Any]] = table.select(known).to_pylist()
    return rows
