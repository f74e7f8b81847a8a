"""Rows of Parquet files, a few at a time: a mirror with photos in it does not fit into memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from vg_mc.errors import BadInputError

ROWS_AT_ONCE = 64


def read_columns(file: Path) -> list[str]:
    """Return the names of the columns of a file.

    Raises:
        BadInputError: If it is no Parquet file.
    """
    return list(_open(file).schema_arrow.names)


def count_rows(file: Path) -> int:
    """Return how many rows a file says it has.

    Raises:
        BadInputError: If it is no Parquet file.
    """
    return int(_open(file).metadata.num_rows)


def read_rows(file: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, object]]:
    """Yield the rows of a file, all columns or those in `columns`.

    Raises:
        BadInputError: If it is no Parquet file, or damaged.
    """
    opened = _open(file)
    known = set(opened.schema_arrow.names)
    wanted = None if columns is None else [name for name in columns if name in known]
    try:
        for batch in opened.iter_batches(batch_size=ROWS_AT_ONCE, columns=wanted):
            yield from batch.to_pylist()
    except (
        pa.ArrowException,
        OSError,
        ValueError,
        ArithmeticError,
    ) as fault:  # also text that is not UTF-8
        raise BadInputError(f"expected a whole Parquet file: {fault}", file=file) from fault


def _open(file: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError, ValueError) as fault:
        raise BadInputError(f"expected a Parquet file: {fault}", file=file) from fault
