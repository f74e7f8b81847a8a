"""Read and write detections as a Parquet file.

The file has one row per detection with the columns ``image_id`` (int64), ``box`` (left, top, right,
bottom in continuous pixels of the image), ``score`` (from 0 to 1) and ``category`` (empty if
unknown). ``file_name``, the file name of the image in the corpus, may replace ``image_id``. The
detections of other detectors can be written with any Parquet library.
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
IMAGE_ID, FILE_NAME = "image_id", "file_name"  # columns that identify the image
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

    Raises:
        BadInputError: If the file is damaged or a column is missing.
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
        problem = f"expected the columns {', '.join(COLUMNS.names)}; missing: {', '.join(missing)}"
        raise BadInputError(problem, file=file)
    known = [name for name in (FILE_NAME, *COLUMNS.names) if name in there]
    rows: list[dict[str, Any]] = table.select(known).to_pylist()
    return rows
