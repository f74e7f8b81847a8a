"""Options of a command by the names of its flags, whatever their groups."""

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

Options = TypeVar("Options")


def flat(options_class: type[Options], *first: Any, **values: Any) -> Options:
    """Build the options of a command; a group takes those of `values` that are its fields.

    The `first` ones are those of the command itself, in their order. A name that no group has is
    an error.
    """
    types = get_type_hints(options_class)
    own = [each.name for each in fields(options_class) if not is_dataclass(types[each.name])]
    values |= dict(zip(own, first, strict=False))
    built = _built(options_class, values)
    assert not values, f"no option is called {', '.join(values)}"
    return built


def _built(options_class: type[Options], values: dict[str, Any]) -> Options:
    types = get_type_hints(options_class)
    chosen = {}
    for each in fields(options_class):
        if is_dataclass(types[each.name]):
            chosen[each.name] = _built(types[each.name], values)
        elif each.name in values:
            chosen[each.name] = values.pop(each.name)
    return options_class(**chosen)
