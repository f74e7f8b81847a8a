"""Reader and writer of predictions as a Parquet file with one row per expression.

The file can also be opened by pandas and `datasets`. Its schema has no nulls. The columns are those
that `Examples` and the kind of answers declare, and IoUs, which are derived from the others.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vg_mc.errors import BadInputError
from vg_mc.predictions.answers import KINDS, Answers, kind_of
from vg_mc.predictions.checks import check
from vg_mc.predictions.columns import declared, from_arrow, list_of, schema_of, to_arrow
from vg_mc.predictions.outcomes import outcomes
from vg_mc.predictions.provenance import Provenance, from_json, to_json
from vg_mc.predictions.table import Examples, Predictions
from vg_mc.system.atomic import whole_file

FILE_NAME = "predictions.parquet"
SCHEMA_VERSION = 3
_HEADER = b"vg_mc"  # key in the file's metadata
_IOU, _IOUS = pa.float64(), list_of(pa.float64())


def write_predictions(predictions: Predictions, folder: Path) -> None:
    """Write ``folder/predictions.parquet`` atomically.

    Raises:
        BadInputError: If columns are inconsistent or a number is not finite; nothing is written.
    """
    path = folder / FILE_NAME
    check(predictions, path)
    with whole_file(path) as partial:
        pq.write_table(
            _to_arrow_table(predictions), partial, compression="zstd", write_page_checksum=True
        )


def read_predictions(folder: Path) -> Predictions:
    """Read ``folder/predictions.parquet``.

    Raises:
        BadInputError: If the file is missing, invalid, of another schema version, or was not
            written by this package.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise BadInputError(
            f"no {FILE_NAME} here; create one with evaluate.py or vg_mc score", file=folder
        )
    try:
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInputError(f"cannot be read as Parquet: {error}", file=path) from error
    provenance, kind = _read_header(table.schema.metadata or {}, path)
    answers: Answers = _read(kind, table, path)
    predictions = Predictions(_read(Examples, table, path), answers, provenance)
    check(predictions, path)
    return predictions


def _to_arrow_table(predictions: Predictions) -> pa.Table:
    header = {
        "schema": SCHEMA_VERSION,
        "kind": kind_of(predictions.answers),
        "provenance": to_json(predictions.provenance),
    }
    tables = (predictions.examples, predictions.answers)
    fields = [field for table in tables for field in schema_of(table)]
    columns = [
        to_arrow(getattr(table, name), column.type)
        for table in tables
        for name, column in declared(table).items()
    ]
    judged = outcomes(predictions)
    fields.append(pa.field("iou", _IOU, nullable=False))
    columns.append(to_arrow(judged.ious, _IOU))
    if judged.candidates is not None:
        fields.append(pa.field("ious", _IOUS, nullable=False))
        columns.append(to_arrow(judged.candidates.ious, _IOUS))
    schema = pa.schema(fields, metadata={_HEADER: json.dumps(header)})
    return pa.Table.from_arrays(columns, schema=schema)


def _read_header(metadata: Mapping[bytes, bytes], path: Path) -> tuple[Provenance, type[Answers]]:
    if _HEADER not in metadata:
        raise BadInputError(f"expected an entry {_HEADER.decode()!r} in the metadata", file=path)
    try:
        header = json.loads(metadata[_HEADER])
        version = header["schema"]
        if version == SCHEMA_VERSION:
            return from_json(header["provenance"]), KINDS[header["kind"]]
    except (ValueError, KeyError, TypeError) as error:
        problem = f"expected metadata of predictions, found {error!r}; write the file again"
        raise BadInputError(problem, file=path) from error
    problem = (
        f"expected schema {SCHEMA_VERSION}, found {version}. Files of other versions cannot be "
        "converted; write it again with evaluate.py, ensemble.py or vg_mc score"
    )
    raise BadInputError(problem, file=path)


def _read(kind: type[Any], table: pa.Table, path: Path) -> Any:  # noqa: ANN401  # of that kind
    """Read the columns that a dataclass declares; optional ones may be absent."""
    found: dict[str, Any] = {}
    for name, column in declared(kind).items():
        if table.schema.get_field_index(column.name) < 0:
            if kind.__dataclass_fields__[name].default is None:
                continue
            raise BadInputError(
                "expected this column, found none; write the file again with evaluate.py",
                file=path,
                record=f"column {column.name}",
            )
        stored = table.schema.field(column.name)
        if not stored.equals(column.field):
            problem = f"expected {_described(column.field)}, found {_described(stored)}"
            raise BadInputError(problem, file=path, record=f"column {column.name}")
        found[name] = from_arrow(table.column(column.name).combine_chunks())
    return kind(**found)


def _described(column: pa.Field) -> str:
    return f"nullable {column.type}" if column.nullable else str(column.type)
