"""Read and write detections as a Parquet file.

The file has one row per detection with the columns ``image_id`` (int64), ``box`` (left, top, right,
bottom in continuous pixels of the image), ``score`` (from 0 to 1) and ``category`` (null if
unknown; ``category_id`` may replace it). ``file_name``, the file name of the image in the corpus,
may replace ``image_id``. The detections of other detectors can be written with any Parquet library,
also with the columns of COCO results or of supervision.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vg_mc.errors import BadInputError
from vg_mc.proposers.detection_formats import FILE_NAMES, IMAGE_ID, ROWS
from vg_mc.records import Proposal
from vg_mc.system.atomic import whole_file

MAGIC = b"PAR1"  # the first bytes of every Parquet file
FILE_NAME = FILE_NAMES[0]
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
    """Write detections for ``prepare_data.py --proposals``.

    Args:
        file: The Parquet file to write.
        detections: Detections by image id (integers) or by file name (strings).
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
    """Return whether a file starts like a Parquet file; its columns are not checked."""
    with file.open("rb") as opened:
        return opened.read(len(MAGIC)) == MAGIC


def read_rows(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a table of detections; values are not validated.

    Columns that no layout knows are not read.

    Raises:
        BadInputError: If the file is damaged or a column is missing.
    """
    try:
        table = pq.read_table(file)
    except (pa.ArrowException, OSError) as error:
        raise BadInputError(f"expected a Parquet file of detections: {error}", file=file) from error
    there = set(table.column_names)
    missing = sorted({"box", "score"} - there)
    if any(not set(layout.missing(dict.fromkeys(there))) for layout in ROWS[1:]):
        missing = []
    if not {IMAGE_ID, *FILE_NAMES} & there:
        missing.append(f"{IMAGE_ID} or {FILE_NAME}")
    if missing:
        problem = f"expected the columns {', '.join(COLUMNS.names)}; missing: {', '.join(missing)}"
        raise BadInputError(problem, file=file)
    known = {IMAGE_ID, *FILE_NAMES}.union(*(layout.fields for layout in ROWS))
    rows: list[dict[str, Any]] = table.select(sorted(known & there)).to_pylist()
    return rows
