"""Typed access to the fields of untrusted records, with an error for every invalid value."""

import json
import reprlib
from collections.abc import Mapping
from pathlib import Path

from vg_mc.errors import BadInputError

LARGEST = 2**53  # the largest integer up to which all are exact in a float


def read_json(file: Path) -> object:
    """Return the content of a JSON file."""
    try:
        return json.loads(file.read_bytes())
    except OSError as fault:
        raise BadInputError(f"expected a readable file: {fault.strerror}", file=file) from fault
    except (ValueError, RecursionError) as fault:
        raise BadInputError(f"expected JSON: {fault}", file=file) from fault


def as_mapping(record: object) -> Mapping[object, object]:
    """Return a record with named fields."""
    if not isinstance(record, Mapping):
        raise BadInputError(f"expected a record with named fields, not {reprlib.repr(record)}")
    return record


def as_list(record: object, field: str) -> list[object]:
    """Return a list with items of any type."""
    value = _present(record, field)
    if not isinstance(value, list):
        raise BadInputError(f"expected a list as {field}, not {reprlib.repr(value)}")
    return value


def as_integer(record: object, field: str) -> int:
    """Return an integer of 64 bits; booleans are refused."""
    value = _present(record, field)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInputError(f"expected a whole number as {field}, not {reprlib.repr(value)}")
    if abs(value) >= 2**63:
        raise BadInputError(f"expected {field} to fit into 64 bits, not {reprlib.repr(value)}")
    return value


def as_positive_integer(record: object, field: str) -> int:
    """Return an integer of at least 1."""
    value = as_integer(record, field)
    if value < 1:
        raise BadInputError(f"expected {field} to be at least 1, not {value}")
    return value


def as_text(record: object, field: str) -> str:
    """Return a text that is not only white space."""
    value = _present(record, field)
    if not isinstance(value, str) or not value.strip():
        raise BadInputError(f"expected a text as {field}, not {reprlib.repr(value)}")
    try:
        value.encode()
    except UnicodeEncodeError as fault:
        half = f"character {fault.start} is the lone surrogate U+{ord(value[fault.start]):04X}"
        raise BadInputError(f"expected Unicode text as {field}, but {half}") from fault
    return value


def as_number(record: object, field: str) -> float:
    """Return a finite number."""
    value = _present(record, field)
    if not _is_finite(value):
        raise BadInputError(f"expected a finite number as {field}, not {reprlib.repr(value)}")
    return float(value)  # type: ignore[arg-type]  # checked above


def as_numbers(record: object, field: str, count: int) -> tuple[float, ...]:
    """Return `count` finite numbers."""
    values = as_list(record, field)
    if len(values) != count or not all(_is_finite(value) for value in values):
        raise BadInputError(
            f"expected {count} finite numbers as {field}, not {reprlib.repr(values)}"
        )
    return tuple(float(value) for value in values)  # type: ignore[arg-type]  # checked above


def place(record: object, field: str, position: int) -> str:
    """Return the name of a record for messages: its id, or its position in the list."""
    if isinstance(record, Mapping) and field in record:
        return f"{field} {reprlib.repr(record[field])}"
    return f"record {position} without {field}"


def _present(record: object, field: str) -> object:
    fields = as_mapping(record)
    if field not in fields:
        raise BadInputError(f"expected a field {field}, found none")
    return fields[field]


def _is_finite(value: object) -> bool:
    """Return True for a number that is small enough for pixel precision."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= LARGEST  # False for NaN, too
