"""Search space: a range of numbers or a list of values for each flag.

Examples: ``learning-rate=1e-6..1e-4:log``, ``weight-decay=0..0.1``, ``batch-size=16,32,64``.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import get_args

from vg_mc.errors import BadInputError
from vg_mc.system.options import option_types, plain_type

Value = int | float | str


@dataclass(frozen=True, slots=True)
class Range:
    """A range of numbers, both ends included.

    Attributes:
        low: Lower end; with integer ends, only integers are sampled.
        high: Upper end.
        logarithmic: Whether values are sampled in the log domain.
    """

    low: int | float
    high: int | float
    logarithmic: bool

    @property
    def ends(self) -> tuple[Value, ...]:
        """Both ends."""
        return (self.low, self.high)

    def holds(self, value: object) -> bool:
        """Return whether `value` is in the range."""
        return isinstance(value, int | float) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Choice:
    """A list of unordered values."""

    values: tuple[Value, ...]

    @property
    def ends(self) -> tuple[Value, ...]:
        """All values."""
        return self.values

    def holds(self, value: object) -> bool:
        """Return whether `value` is one of the values."""
        return value in self.values


Space = Mapping[str, Range | Choice]


def read_space(texts: Sequence[str], config_class: type, *, fixed: Collection[str]) -> Space:
    """Parse a search space over the flags of a command.

    Args:
        texts: Each ``flag=low..high``, ``flag=low..high:log`` or ``flag=value,value,...``.
        config_class: Configuration class of the command.
        fixed: Flags that cannot be searched. Boolean flags cannot be searched either.

    Raises:
        BadInputError: If a text is invalid, or a flag is unknown or given twice.
    """
    types = {
        flag: plain_type(hint)
        for flag, hint in option_types(config_class).items()
        if flag not in fixed and plain_type(hint) is not bool
    }
    space: dict[str, Range | Choice] = {}
    for text in texts:
        name, _, values = text.partition("=")
        if name not in types:
            close = get_close_matches(name, types, n=1)
            meant = f"; the closest is {close[0]}" if close else ""
            problem = f"expected a flag of finetune.py that takes one value{meant}"
            raise BadInputError(problem, record=_record(text))
        if name in space:
            raise BadInputError(
                f"expected each flag once, found {name} twice", record=_record(text)
            )
        space[name] = _read(values, _number_kind(types[name]), _record(text))
    if not space:
        problem = "expected a flag and its values, such as learning-rate=1e-6..1e-4:log, found none"
        raise BadInputError(problem, record="--search")
    return space


def _read(text: str, kind: type[int] | type[float] | None, record: str) -> Range | Choice:
    if ".." in text:
        return _read_range(text, kind, record)
    parts = text.split(",")
    values = tuple(parts) if kind is None else tuple(_number(each, kind, record) for each in parts)
    if len(set(values)) != len(values) or len(values) < 2:
        problem = "expected distinct values, such as 16,32,64, or a range, such as 1e-6..1e-4:log"
        raise BadInputError(problem, record=record)
    return Choice(values)


def _read_range(text: str, kind: type[int] | type[float] | None, record: str) -> Range:
    if kind is None:
        problem = "this flag is not numeric; expected a list of values, such as hard,iou"
        raise BadInputError(problem, record=record)
    ends, colon, scale = text.partition(":")
    low, high = (_number(end, kind, record) for end in ends.split("..", 1))
    if colon and scale != "log":
        problem = f"expected nothing or :log after the range, not :{scale}"
        raise BadInputError(problem, record=record)
    if not low < high or (colon and low <= 0):
        problem = f"expected low..high with low below high{' and above 0' if colon else ''}"
        raise BadInputError(problem, record=record)
    return Range(low, high, logarithmic=bool(colon))


def _number(text: str, kind: type[int] | type[float], record: str) -> int | float:
    try:
        value: int | float = kind(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInputError(f"expected {kind.__name__} values, not {text!r}", record=record)
    return value


def _number_kind(hint: object) -> type[int] | type[float] | None:
    """Return the numeric type of a flag, also of ``X | None``; None if it is not numeric."""
    options = get_args(hint) or (hint,)
    if int in options:
        return int
    return float if float in options else None


def _record(text: str) -> str:
    return f"--search {text}"
