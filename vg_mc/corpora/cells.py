"""Values in cells of tables and fields of JSON: numbers, ids and boxes, however they are written.

A cell of a CSV file is a text, and pandas writes integers as 3.0 if a value of the column is
missing.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping

from vg_mc.boxes.conventions import NAMED_SIDES, Order

_WHOLE_NUMBER = re.compile(r"\s*(-?[0-9]{1,19})(?:\.0+)?\s*")


def is_empty(value: object) -> bool:
    """Return whether a cell has no value."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def numbers_in(value: object) -> object:
    """Parse ``"[1, 2]"``, ``"(1, 2)"`` and ``"1 2"`` as lists of numbers; keep other values."""
    parts: object = value
    if isinstance(value, str):
        parts = re.split(r"[\s,;]+", _without_brackets(value).strip())
    if not isinstance(parts, list):
        return value
    try:
        return [float(part) if isinstance(part, str) else part for part in parts]
    except ValueError:
        return value


def _without_brackets(text: str) -> str:
    """Strip one pair of brackets or parentheses."""
    text = text.strip()
    return text[1:-1] if text[:1] + text[-1:] in ("[]", "()") else text


def whole_number_in(value: object) -> object:
    """Parse ``"12"``, ``"12.0"`` and ``12.0`` as an integer; return other values unchanged."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and (found := _WHOLE_NUMBER.fullmatch(value)):
        return int(found[1])
    return value


def box_in(value: object) -> tuple[object, Order | None]:
    """Return the four numbers of a box, and their order if it has named sides.

    A box may be a list, a text, a list with one box, or an object such as ``{x, y, width,
    height}``.
    """
    if isinstance(value, str) and ("{" in value or value.count("[") > 1):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value, None
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if isinstance(value, Mapping):
        sides = {str(name).lower(): side for name, side in value.items()}
        four = next((four for four in NAMED_SIDES if all(name in sides for name in four)), None)
        if four is not None:
            return numbers_in([sides[name] for name in four]), NAMED_SIDES[four]
    return numbers_in(None if is_empty(value) else value), None


def counter(taken: Iterable[int | None]) -> Callable[[], int]:
    """Return a function that counts upwards from the largest id in `taken`."""
    last = max((number for number in taken if number is not None), default=0)
    numbers = iter(range(max(last, 0) + 1, 2**63))
    return lambda: next(numbers)
