"""Values in nested records, addressed by dotted paths such as ``ref_info.sentences.sent``.

A path may lead through lists: a record with such a list is unrolled into one record per item.
"""

from collections.abc import Iterator, Mapping, Sequence

from vg_mc.errors import BadInputError

OR = "|"  # separates alternative paths, of which the first with a value counts

Record = Mapping[object, object]


def value_at(record: Record, path: str) -> object:
    """Return the value at a path, which may also be the name of one field; None without one."""
    if path in record:
        return record[path]
    if "." not in path:
        return None
    value: object = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def first_value(record: Record, paths: str) -> object:
    """Return the value at the first of several alternative paths that has one."""
    if OR not in paths:
        return value_at(record, paths)
    values = (value_at(record, path) for path in paths.split(OR))
    return next((value for value in values if value is not None), None)


def has_path(record: object, path: str) -> bool:
    """Return whether a record has a field, looking into the first item of each list.

    A list without items may have any field.
    """
    for name in path.split("."):
        while isinstance(record, list):
            if not record:
                return True
            record = record[0]
        if not isinstance(record, Mapping) or name not in record:
            return False
        record = record[name]
    return True


def unrolled(record: Record, paths: Sequence[str]) -> Iterator[Record]:
    """Yield one record per item of the lists that paths lead through, with the item in its place.

    Raises:
        BadInputError: If paths lead through lists side by side, whose items do not belong together.
    """
    found = {found for path in paths if (found := _list_on_the_way(record, path)) is not None}
    if len(found) > 1:
        problem = f"expected the fields in one list of records, found {' and '.join(sorted(found))}"
        raise BadInputError(f"{problem} side by side, whose order is not defined")
    if not found:
        yield record
        return
    (path,) = found
    items = value_at(record, path)
    for item in items if isinstance(items, list) else ():
        one = None if isinstance(item, list) else item  # a list in a list is no record
        yield from unrolled(_replaced(record, path.split("."), one), paths)


def _list_on_the_way(record: Record, path: str) -> str | None:
    """Return the path of the first list that a path leads through."""
    if "." not in path or path in record:
        return None
    names = path.split(".")
    value: object = record
    for depth, name in enumerate(names[:-1]):
        value = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(value, list):
            return ".".join(names[: depth + 1])
    return None


def _replaced(record: Record, names: Sequence[str], value: object) -> Record:
    """Return a copy of a record with another value at a path."""
    first, *others = names
    inner = record[first]
    if others and isinstance(inner, Mapping):
        value = _replaced(inner, others, value)
    return {**record, first: value}


def field_names(record: object, prefix: str = "") -> Iterator[str]:
    """Yield the paths of all fields with a value, for messages."""
    while isinstance(record, list) and record and isinstance(record[0], Mapping | list):
        record = record[0]
    if not isinstance(record, Mapping):
        yield prefix
        return
    for name, value in record.items():
        yield from field_names(value, f"{prefix}.{name}" if prefix else str(name))
