"""Columns: dataclass fields that declare how they are stored in Arrow.

The declaration is the only list of columns. The schema of the file, writing, reading, checks, row
selection and comparison are all derived from it.
"""

from collections.abc import Iterable, Sequence, Sized
from dataclasses import Field, dataclass, fields, replace
from itertools import chain, pairwise
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes

_METADATA = "column"

Ids = NDArray[np.int64]
Values = Any  # an array, a list of texts, or a list of such rows
Table = TypeVar("Table", bound=Any)  # a dataclass of columns


@dataclass(frozen=True, slots=True)
class Column:
    """Storage of a field.

    Attributes:
        name: Name of the column in the file.
        type: Arrow type of one row; a list if rows have different lengths.
        plural: Name of the values in messages about differences between predictions. Empty for
            columns that are not compared.
        nan_is_missing: Whether NaN is a missing value; it is an error in other columns.
    """

    name: str
    type: pa.DataType
    plural: str = ""
    nan_is_missing: bool = False

    @property
    def is_ragged(self) -> bool:
        """Whether rows have different lengths."""
        return bool(pa.types.is_list(self.type))

    @property
    def field(self) -> pa.Field:
        """The entry of the file's schema."""
        return pa.field(self.name, self.type, nullable=False)


def stored(
    name: str, kind: pa.DataType, plural: str = "", *, nan_is_missing: bool = False
) -> dict[str, Column]:
    """Return the metadata that declares a dataclass field as a column."""
    return {_METADATA: Column(name, kind, plural, nan_is_missing)}


def list_of(kind: pa.DataType, length: int = -1) -> pa.DataType:
    """Return the type of a list without nulls, of a fixed length if one is given."""
    return pa.list_(pa.field("element", kind, nullable=False), length)


BOX = list_of(pa.float64(), 4)
SIZE = list_of(pa.int64(), 2)


def declared(table: object) -> dict[str, Column]:
    """Return the columns of a dataclass, or those of an instance that are not None."""
    every: Iterable[Field[Any]] = fields(table)  # type: ignore[arg-type]
    return {
        each.name: each.metadata[_METADATA]
        for each in every
        if isinstance(table, type) or getattr(table, each.name) is not None
    }


def schema_of(table: object) -> list[pa.Field]:
    """Return the schema entries of a dataclass or of an instance."""
    return [column.field for column in declared(table).values()]


def taken_rows(table: Table, rows: Ids) -> Table:
    """Return a table with the rows `rows` (N,) in the given order."""
    places = rows.tolist()
    chosen = {name: getattr(table, name) for name in declared(table)}
    return replace(
        table,
        **{
            name: values[rows] if isinstance(values, np.ndarray) else [values[at] for at in places]
            for name, values in chosen.items()
        },
    )


def lengths(rows: Sequence[Sized]) -> Ids:
    """Return the length of each row, shape (B,)."""
    return np.array([len(row) for row in rows], dtype=np.int64)


def to_arrow(values: Values, kind: pa.DataType) -> pa.Array:
    """Convert the values of a column to Arrow."""
    if pa.types.is_list(kind):
        ends = pa.array(np.cumsum([0, *lengths(values)]), pa.int32())
        return pa.ListArray.from_arrays(ends, to_arrow(_joined(values), kind.value_type), type=kind)
    if pa.types.is_fixed_size_list(kind):
        flat = pa.array(np.asarray(values).ravel(), kind.value_type)
        return pa.FixedSizeListArray.from_arrays(flat, type=kind)
    return pa.array(values, kind)


def from_arrow(array: pa.Array) -> Values:
    """Convert an Arrow column to values; numbers are not copied."""
    kind = array.type
    if pa.types.is_list(kind):
        values = from_arrow(array.flatten())
        ends = np.cumsum([0, *array.value_lengths().to_numpy()])
        return [values[start:end] for start, end in pairwise(ends)]
    if pa.types.is_fixed_size_list(kind):
        return array.flatten().to_numpy().reshape(-1, kind.list_size)
    return array.to_pylist() if pa.types.is_string(kind) else array.to_numpy()


def _joined(rows: Sequence[Any]) -> Values:
    if rows and isinstance(rows[0], np.ndarray):
        return np.concatenate(rows)
    return list(chain.from_iterable(rows))


def first_difference_in(one: object, other: object, row: int) -> str | None:
    """Describe the first difference of two tables in a row; None if all compared columns agree."""
    for name, column in declared(one).items():
        here, there = getattr(one, name)[row], getattr(other, name)[row]
        if column.plural and not np.array_equal(here, there):
            return f"{column.plural} {formatted(here)} and {formatted(there)}"
    return None


def formatted(value: object) -> str:
    """Format a value for a message; coordinates have at most six significant digits."""
    if isinstance(value, np.ndarray):
        return "(" + ", ".join(f"{side:.6g}" for side in value) + ")"
    return repr(value) if isinstance(value, str) else str(value)


def empty_boxes(count: int) -> Boxes:
    """Return `count` rows of NaN, which represent missing boxes."""
    return np.full((count, 4), np.nan)
