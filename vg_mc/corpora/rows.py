"""Rows of flat files: CSV, TSV, JSON lines, JSON lists and Parquet, each with its place.

Parquet files are read in small batches: a mirror with embedded images does not fit into memory.
"""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from vg_mc.errors import BadInputError
from vg_mc.system.fields import read_json

ROWS_AT_ONCE = 64  # of a Parquet file
LONGEST_CELL = 2**31 - 1  # characters of a CSV cell, which may be an image in base64
FEWEST_COLUMNS = 2  # a table with a single column is separated by something else

Rows = Iterator[tuple[str, object]]  # the name of a record, and the record


def rows_of(file: Path) -> Rows:
    """Yield the records of a file with their places; an unreadable record is a `BadInputError`.

    Args:
        file: A file with one of the suffixes in `ENDINGS`.

    Raises:
        BadInputError: If the file cannot be read at all.
    """
    kind = file.suffix.lower()
    if kind in DELIMITERS:
        return _delimited_rows(file, DELIMITERS[kind])
    if kind not in READERS:
        raise BadInputError(f"expected a file in {', '.join(ENDINGS)}", file=file)
    return READERS[kind](file)


def _delimited_rows(file: Path, delimiter: str) -> Rows:
    csv.field_size_limit(LONGEST_CELL)
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.reader(opened, strict=True, delimiter=delimiter)
            header = [name.strip().lower() for name in next(reader, [])]
            _check_header(header, file)
            for cells in reader:
                if cells:
                    yield f"line {reader.line_num}", _named(cells, header)
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise BadInputError(f"expected a table in UTF-8: {fault}", file=file) from fault


def _check_header(header: list[str], file: Path) -> None:
    if len(set(header)) < len(header) or len(header) < FEWEST_COLUMNS:
        problem = "expected a first line of distinct column names, separated by commas"
        raise BadInputError(f"{problem} (tabs in a .tsv), not {header}", file=file)


def _named(cells: list[str], header: list[str]) -> object:
    """Return the cells of a line by column name, or an error like `_parsed`."""
    if len(cells) == len(header):
        return dict(zip(header, cells, strict=True))
    problem = f"expected {len(header)} cells as in the first line, not {len(cells)}"
    return BadInputError(
        f"{problem}; quote a cell that contains a comma, without a space before the quote"
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
    """Return the JSON value of a line, or the error for the caller to raise."""
    try:
        return json.loads(line)
    except json.JSONDecodeError as fault:
        return BadInputError(f"expected JSON: {fault.msg}, column {fault.colno}")
    except (ValueError, RecursionError) as fault:
        return BadInputError(f"expected JSON: {fault}")


def _json_records(file: Path) -> Rows:
    yield from json_records(read_json(file), file)


def json_records(content: object, file: Path) -> Rows:
    """Yield the records of a JSON value: a list, the only list of an object, or keyed records.

    Raises:
        BadInputError: If it is none of these.
    """
    if isinstance(content, dict):
        lists = [value for value in content.values() if _has_records(value)]
        if len(lists) == 1:
            (content,) = lists
        elif content and all(isinstance(value, dict) for value in content.values()):
            yield from ((f"record {key}", record) for key, record in content.items())
            return
    if not isinstance(content, list):
        problem = "expected a list of records, or COCO's images, annotations and categories"
        raise BadInputError(problem, file=file)
    yield from ((f"record {position}", record) for position, record in enumerate(content))


def _has_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _parquet_rows(file: Path) -> Rows:
    yield from ((f"row {position}", row) for position, row in enumerate(read_rows(file)))


DELIMITERS = {".csv": ",", ".tsv": "\t"}
READERS: dict[str, Callable[[Path], Rows]] = {
    ".jsonl": _json_lines,
    ".json": _json_records,
    ".parquet": _parquet_rows,
}
ENDINGS = (*DELIMITERS, *READERS)


def read_columns(file: Path) -> list[str]:
    """Return the column names of a file.

    Raises:
        BadInputError: If it is not a Parquet file.
    """
    return list(_open_parquet(file).schema_arrow.names)


def count_rows(file: Path) -> int:
    """Return the number of rows in the metadata of a file.

    Raises:
        BadInputError: If it is not a Parquet file.
    """
    return int(_open_parquet(file).metadata.num_rows)


def read_rows(file: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, object]]:
    """Yield the rows of a file, with all columns or those in `columns`.

    Raises:
        BadInputError: If it is not a Parquet file or is damaged.
    """
    opened = _open_parquet(file)
    known = set(opened.schema_arrow.names)
    selected = None if columns is None else [name for name in columns if name in known]
    try:
        for batch in opened.iter_batches(batch_size=ROWS_AT_ONCE, columns=selected):
            yield from batch.to_pylist()
    except (
        pa.ArrowException,
        OSError,
        ValueError,
        ArithmeticError,
    ) as fault:  # also text that is not UTF-8
        raise BadInputError(f"expected an undamaged Parquet file: {fault}", file=file) from fault


def _open_parquet(file: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError, ValueError) as fault:
        raise BadInputError(f"expected a Parquet file: {fault}", file=file) from fault
