"""Option dataclasses shared by commands and their helpers."""

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

Group = TypeVar("Group")


def group_of(config: object, group: type[Group]) -> Group:
    """Return a group of options with the values of the flags of the same names."""
    values: dict[str, Any] = {}
    for each in fields(group):  # type: ignore[arg-type]
        if is_dataclass(each.type):
            values[each.name] = group_of(config, each.type)  # type: ignore[arg-type]
        elif hasattr(config, each.name):
            values[each.name] = getattr(config, each.name)
    return group(**values)
