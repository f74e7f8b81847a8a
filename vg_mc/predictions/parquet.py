"""Predictions as a Parquet file: one row per expression, in a schema that others can rely on.

pandas and `datasets` open it as well. Nothing in it may be null, which the schema itself promises.
"""

import json
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.errors import BadInputError
from vg_mc.predictions.table import Predictions, check
from vg_mc.proposers.naming import reworded
from vg_mc.system.atomic import whole_file

Number = TypeVar("Number", bound=np.generic)

FILE_NAME = "predictions.parquet"
SCHEMA_VERSION = 2
_HEADER = b"vg_mc"  # key of our own entry in the file's metadata


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


def _list_of(kind: pa.DataType, length: int = -1) -> pa.DataType:
    return pa.list_(_required("element", kind), length)


_BOX = _list_of(pa.float64(), 4)
_SIZE = _list_of(pa.int64(), 2)

SCHEMA = pa.schema(
    [
        _required("expression_id", pa.int64()),
        _required("image_id", pa.int64()),
        _required("text", pa.string()),
        _required("category", pa.string()),
        _required("target", _BOX),
        _required("candidate_ids", _list_of(pa.int64())),
        _required("boxes", _list_of(_BOX)),
        _required("ious", _list_of(pa.float64())),
        _required("logits", _list_of(pa.float32())),
        _required("scores", _list_of(pa.float64())),
        _required("candidate_categories", _list_of(pa.string())),
        _required("rivals", pa.int64()),
        _required("photo_size", _SIZE),
    ]
)


@dataclass(frozen=True, slots=True)
class _Header:
    """What holds for the whole file."""

    name: str
    split: str
    data_hash: str
    facts: dict[str, str]


def write_predictions(predictions: Predictions, folder: Path) -> None:
    """Write ``folder/predictions.parquet``; it has its name only once it is complete.

    Raises:
        BadInputError: If columns disagree or a number is not finite; then nothing is written.
    """
    path = folder / FILE_NAME
    check(predictions, path)
    with whole_file(path) as partial:
        pq.write_table(
            _to_table(predictions), partial, compression="zstd", write_page_checksum=True
        )


def read_predictions(folder: Path) -> Predictions:
    """Read ``folder/predictions.parquet``.

    Raises:
        BadInputError: If it is not there, not ours, or holds values that cannot be.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise BadInputError(f"no {FILE_NAME} is here; evaluate.py writes one", file=folder)
    try:
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInputError(f"cannot be read as Parquet: {error}", file=path) from error
    header = _read_header(table.schema.metadata or {}, path)
    _check_columns(table.schema, path)
    predictions = _from_table(table, header)
    check(predictions, path)
    return predictions


def _to_table(predictions: Predictions) -> pa.Table:
    header = {
        "schema": SCHEMA_VERSION,
        "name": predictions.name,
        "split": predictions.split,
        "data_hash": predictions.data_hash,
        "facts": dict(predictions.facts),
    }
    columns = [
        pa.array(predictions.expression_ids, pa.int64()),
        pa.array(predictions.image_ids, pa.int64()),
        pa.array(predictions.texts, pa.string()),
        pa.array(predictions.categories, pa.string()),
        _fixed_array(predictions.targets, _BOX),
        _list_array(predictions.candidate_ids, pa.int64()),
        _nested(predictions.boxes, _fixed_array(_joined(predictions.boxes), _BOX)),
        _list_array(predictions.ious, pa.float64()),
        _list_array(predictions.logits, pa.float32()),
        _list_array(predictions.scores, pa.float64()),
        _nested(
            predictions.candidate_categories,
            pa.array(chain.from_iterable(predictions.candidate_categories), pa.string()),
        ),
        pa.array(predictions.rivals, pa.int64()),
        _fixed_array(predictions.photo_sizes, _SIZE),
    ]
    described = SCHEMA.with_metadata({_HEADER: json.dumps(header, sort_keys=True)})
    return pa.Table.from_arrays(columns, schema=described)


def _joined(rows: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(rows) if rows else np.empty(0)


def _fixed_array(rows: NDArray[Any], kind: pa.DataType) -> pa.Array:
    values = pa.array(rows.ravel(), kind.value_type)
    return pa.FixedSizeListArray.from_arrays(values, type=kind)


def _list_array(rows: Sequence[NDArray[Any]], kind: pa.DataType) -> pa.Array:
    return _nested(rows, pa.array(_joined(rows), kind))


def _nested(rows: Sequence[Sized], values: pa.Array) -> pa.Array:
    """Cut `values` into one list per row, as long as the rows are."""
    ends = np.cumsum([0, *map(len, rows)])
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values, type=_list_of(values.type))


def _read_header(metadata: Mapping[bytes, bytes], path: Path) -> _Header:
    if _HEADER not in metadata:
        raise BadInputError("not written by vg_mc: its metadata lacks our entry", file=path)
    try:
        read = json.loads(metadata[_HEADER])
        version = read["schema"]
        facts = dict(read["facts"])
        if "proposals" in facts:
            facts["proposals"] = reworded(str(facts["proposals"]))
        header = _Header(read["name"], read["split"], read["data_hash"], facts)
    except (ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"damaged metadata ({error!r})", file=path) from error
    if version != SCHEMA_VERSION:
        problem = f"schema {version}, expected {SCHEMA_VERSION}: evaluate again"
        raise BadInputError(problem, file=path)
    return header


def _check_columns(schema: pa.Schema, path: Path) -> None:
    for expected in SCHEMA:
        if schema.get_field_index(expected.name) < 0:
            raise BadInputError("no such column", file=path, record=f"column {expected.name}")
        found = schema.field(expected.name)
        if not found.equals(expected):
            problem = f"expected {_kind(expected)}, found {_kind(found)}"
            raise BadInputError(problem, file=path, record=f"column {expected.name}")


def _kind(column: pa.Field) -> str:
    return f"{column.type}, which may be null" if column.nullable else str(column.type)


def _from_table(table: pa.Table, header: _Header) -> Predictions:
    column = {name: table.column(name).combine_chunks() for name in SCHEMA.names}
    return Predictions(
        name=header.name,
        split=header.split,
        data_hash=header.data_hash,
        expression_ids=column["expression_id"].to_numpy(),
        image_ids=column["image_id"].to_numpy(),
        texts=column["text"].to_pylist(),
        categories=column["category"].to_pylist(),
        targets=as_boxes(column["target"].flatten().to_numpy()),
        candidate_ids=_rows(column["candidate_ids"], column["candidate_ids"].flatten().to_numpy()),
        boxes=_rows(column["boxes"], as_boxes(column["boxes"].flatten().flatten().to_numpy())),
        ious=_rows(column["ious"], column["ious"].flatten().to_numpy()),
        logits=_rows(column["logits"], column["logits"].flatten().to_numpy()),
        scores=_rows(column["scores"], column["scores"].flatten().to_numpy()),
        candidate_categories=column["candidate_categories"].to_pylist(),
        rivals=column["rivals"].to_numpy(),
        photo_sizes=column["photo_size"].flatten().to_numpy().reshape(-1, 2),
        facts=header.facts,
    )


def _rows(lists: pa.ListArray, values: NDArray[Number]) -> list[NDArray[Number]]:
    """Cut the joined `values` of a list column into one array per row, without a copy."""
    ends = np.cumsum([0, *lists.value_lengths().to_numpy()])
    return [values[start:end] for start, end in pairwise(ends)]
