"""Options of commands: ranges in the annotations of frozen dataclasses, checked in one place.

A group of options is a frozen dataclass beside the code that reads it. A command's options are a
dataclass of its own fields and of such groups, and every field of either is a flag. The docstring
of a field is the help of its flag; ``Annotated[float, Range(0, 1)]`` limits its values.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from vg_mc.errors import BadInputError


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers between two bounds, each of which may be missing or excluded.

    Attributes:
        least: Lower bound, None for no limit.
        most: Upper bound, None for no limit.
        above: Whether the lower bound itself is excluded.
        below: Whether the upper bound itself is excluded.
    """

    least: float | None = None
    most: float | None = None
    above: bool = False
    below: bool = False

    def __contains__(self, value: float) -> bool:
        """Return True if a number is in the range; NaN never is."""
        low = self.least is None or (value > self.least if self.above else value >= self.least)
        high = self.most is None or (value < self.most if self.below else value <= self.most)
        return low and high and value == value

    def __str__(self) -> str:
        """Format the range for a message, such as "at least 0 and below 1"."""
        low = (
            "" if self.least is None else f"{'above' if self.above else 'at least'} {self.least:g}"
        )
        high = "" if self.most is None else f"{'below' if self.below else 'at most'} {self.most:g}"
        return " and ".join(part for part in (low, high) if part)


@dataclass(frozen=True, slots=True)
class Indecisive:
    """Marks an option that changes no result, such as a number of workers."""


INDECISIVE = Indecisive()
AT_LEAST_0 = Range(0)
AT_LEAST_1 = Range(1)
ABOVE_0 = Range(0, above=True)
FRACTION = Range(0, 1)
BELOW_1 = Range(0, 1, below=True)


def flag_name(field: str) -> str:
    """Return the flag of a field, without leading dashes."""
    return field.replace("_", "-")


def option_types(options_class: type) -> dict[str, Any]:
    """Return the annotated type of every flag of a dataclass, including those of its groups."""
    return {flag_name(name): hint for _, name, hint in _options(options_class)}


def indecisive(options_class: type) -> set[str]:
    """Return the flags of options that change no result."""
    types = option_types(options_class)
    return {flag for flag, hint in types.items() if INDECISIVE in _metadata(hint)}


def plain_type(hint: Any) -> Any:  # noqa: ANN401
    """Return an annotated type without its annotations, in parts of a union as well."""
    if _is_annotated(hint):
        return plain_type(get_args(hint)[0])
    if get_origin(hint) in (UnionType, Union):
        return reduce(or_, (plain_type(part) for part in get_args(hint)))
    return hint


def flat(options: object) -> dict[str, object]:
    """Return the value of every option by the name of its field, those of groups included."""
    return {
        name: getattr(_group_of(options, group), name) for group, name, _ in _options(type(options))
    }


def check_ranges(options: object) -> None:
    """Check that every number in `options` is in the range of its annotation.

    Raises:
        BadInputError: At the first number out of range; its record is the flag.
    """
    for group, name, hint in _options(type(options)):
        value = getattr(_group_of(options, group), name)
        for limits in (each for each in _metadata(hint) if isinstance(each, Range)):
            if value is not None and value not in limits:
                problem = f"expected a number {limits}, not {value:g}"
                raise BadInputError(problem, record=f"--{flag_name(name)}")


def changed_flags(options: object) -> Iterator[str]:
    """Yield the flags of an options class whose values differ from their defaults."""
    default = type(options)()
    for one in fields(options):  # type: ignore[arg-type]
        value = getattr(options, one.name)
        if is_dataclass(value):
            yield from changed_flags(value)
        elif value != getattr(default, one.name):
            yield f"--{flag_name(one.name)}"


def _options(
    options_class: type, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """Yield the path of its group, the name and the type of every option."""
    hints = get_type_hints(options_class, include_extras=True)
    for field in fields(options_class):
        plain = get_args(hints[field.name])[0] if _is_annotated(hints[field.name]) else None
        kind = plain or hints[field.name]
        if is_dataclass(kind):
            yield from _options(kind, (*path, field.name))  # type: ignore[arg-type]
        else:
            yield path, field.name, hints[field.name]


def _group_of(options: object, path: tuple[str, ...]) -> object:
    for name in path:
        options = getattr(options, name)
    return options


def _is_annotated(hint: object) -> bool:
    return get_origin(hint) is Annotated


def _metadata(hint: object) -> tuple[object, ...]:
    """Return the metadata of an annotated type, also of the parts of a union."""
    if _is_annotated(hint):
        return get_args(hint)[1:]
    return tuple(each for part in get_args(hint) for each in _metadata(part))
