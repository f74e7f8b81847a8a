"""Cases with a damaged file: truncated, of another type, or with another structure."""

import json
import pickle
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.faults.case import Case, Promise, Reading
from benchmarks.faults.forms import BOXES, FORMS, Form, good_rows, reading, sides

PAGE = b"<!DOCTYPE html><html><body>404 Not Found</body></html>"
ALL = tuple(FORMS)
JSON_FILES = ("JSON", "COCO")
PARQUETS = ("Parquet", "jxu124", "lmms-lab", "Kangheng", "Ref-L4")


class Damage(NamedTuple):
    """A modification of the bytes of a valid file."""

    fault: str
    forms: tuple[str, ...]
    change: Callable[[bytes], bytes]
    promise: Promise = "refused"
    says: str = "expected"


def _instead(content: bytes) -> Callable[[bytes], bytes]:
    return lambda _: content


def _edited(edit: Callable[[Any], object]) -> Callable[[bytes], bytes]:
    return lambda good: json.dumps(edit(json.loads(good))).encode()


def _without(table: str) -> Callable[[bytes], bytes]:
    return _edited(lambda content: {name: content[name] for name in content if name != table})


def _with(tables: dict[str, object]) -> Callable[[bytes], bytes]:
    return _edited(lambda content: content | tables)


def _line(number: int, content: bytes) -> Callable[[bytes], bytes]:
    """Replace one line, counted from 0."""

    def change(good: bytes) -> bytes:
        lines = good.splitlines(keepends=True)
        lines[number] = content + b"\n"
        return b"".join(lines)

    return change


DAMAGES = [
    Damage("empty", ALL, _instead(b""), says="expected|usable"),
    Damage("an error page", ALL, _instead(PAGE), says="expected|usable"),
    Damage("half of it", ("JSON", "COCO", "refer", "pth", *PARQUETS), lambda b: b[: len(b) // 2]),
    Damage("without its last 8 bytes", ("JSON", "COCO", "pth", *PARQUETS), lambda b: b[:-8]),
    Damage("zeros", ("JSON", "COCO", "refer", "pth", *PARQUETS), lambda b: bytes(len(b))),
    Damage("a null", JSON_FILES, _instead(b"null")),
    Damage("a number", JSON_FILES, _instead(b"12")),
    Damage("a text", JSON_FILES, _instead(b'"rows"')),
    Damage("two documents", JSON_FILES, lambda b: b + b"[]", says="expected JSON"),
    Damage("a comma at the end", JSON_FILES, lambda b: b[:-1] + b"," + b[-1:],
           says="expected JSON"),
    Damage("single quotes", JSON_FILES, lambda b: b.replace(b'"', b"'"), says="expected JSON"),
    Damage("nested 100,000 deep", JSON_FILES, _instead(b"[" * 100_000), says="expected JSON"),
    Damage("Latin-1", JSON_FILES, lambda b: b.replace(b"left man", "caf\xe9".encode("latin-1")),
           says="expected JSON"),
    Damage("a record of lists", ("JSON",), _instead(b'{"rows": []}')),
    Damage("a byte order mark: read", JSON_FILES, lambda b: b"\xef\xbb\xbf" + b, "accepted"),
    Damage("UTF-16: read", JSON_FILES, lambda b: b.decode().encode("utf-16"), "accepted"),
    Damage("a number as a record", ("JSON",), _edited(lambda rows: [*rows[:3], 7]), "named",
           "a record with named fields"),
    Damage("a null as a record", ("JSON",), _edited(lambda rows: [*rows[:3], None]), "named",
           "a record with named fields"),
    Damage("a list as a record", ("JSON",), _edited(lambda rows: [*rows[:3], [1, 2]]), "named",
           "a record with named fields"),
    Damage("a field twice: the last counts", ("JSON",),
           lambda b: b.replace(b'"expression": "man"', b'"expression": "x", "expression": "man"'),
           "accepted"),
    *(
        Damage(f"without {table}", ("COCO",), _without(table),
               says=f"{table}|list of records|a category of the file")
        for table in ("images", "annotations", "categories")
    ),
    *(
        Damage(f"{table} as a record", ("COCO",), _with({table: {"1": {}}}), says="a list as")
        for table in ("images", "categories")
    ),
    Damage("a category without name", ("COCO",),
           _with({"categories": [{"id": 1}]}), says="a field name"),
    Damage("a line cut off", ("JSON lines",), _line(2, b'{"image": "'), "named", "expected JSON"),
    Damage("a line of HTML", ("JSON lines",), _line(2, b"<br>"), "named", "expected JSON"),
    Damage("a list in a line", ("JSON lines",), _line(2, b"[1]"), "named", "named fields"),
    Damage("bytes that are no UTF-8", ("JSON lines",), _line(2, b'{"image": "\xff"}'), "named"),
    Damage("a line nested 100,000 deep", ("JSON lines",), _line(2, b"[" * 100_000), "named"),
    Damage("empty lines: nothing", ("JSON lines", "CSV"), lambda b: b + b"\n\n", "accepted"),
    Damage("a line of too many cells", ("CSV",), _line(2, b"a,b,c,d,e,f,g,h,i"), "named",
           "8 cells"),
    Damage("a line of too few cells", ("CSV",), _line(2, b"a,b"), "named", "8 cells"),
    Damage("semicolons", ("CSV",), lambda b: b.replace(b",", b";")),
    Damage("a quote that stays open", ("CSV",), _line(3, b'"a,b,c')),
    Damage("a name of a column twice", ("CSV",), lambda b: b.replace(b"expression", b"image", 1)),
    Damage("without names of columns", ("CSV",), lambda b: b.partition(b"\n")[2]),
    Damage("only names of columns", ("CSV",), lambda b: b.partition(b"\n")[0], says="usable"),
    Damage("Latin-1", ("CSV",), lambda b: b.replace(b"left man", "café".encode("latin-1")),
           says="UTF-8"),
    Damage("UTF-16", ("CSV",), lambda b: b.decode().encode("utf-16"), says="UTF-8"),
    Damage("a byte order mark: read", ("CSV",), lambda b: b"\xef\xbb\xbf" + b, "accepted"),
    Damage("line ends of Windows: read", ("JSON lines",), lambda b: b.replace(b"\n", b"\r\n"),
           "accepted"),
    Damage("a record", ("refer",), _instead(pickle.dumps({"refs": []}, 2)), says="a list of"),
    Damage("a text", ("refer",), _instead(pickle.dumps("refs", 2)), says="a list of"),
    Damage("JSON", ("refer",), _instead(b'[{"ref_id": 1}]'), says="undamaged pickle"),
    Damage("a function", ("refer",), _instead(pickle.dumps(json.loads)), says="plain data"),
    Damage("a pickle without torch", ("pth",), _instead(pickle.dumps(object())), says="plain data"),
    Damage("an empty list", ("refer",), _instead(pickle.dumps([], 2)), says="usable"),
    Damage("an empty list", ("JSON",), _instead(b"[]"), says="usable"),
]  # fmt: skip


def cases() -> Iterator[Case]:
    """Yield damaged files, and files whose boxes all have another format."""
    for damage in DAMAGES:
        for name in damage.forms:
            write = partial(_damaged, FORMS[name], damage.change)
            yield Case("structure", name, damage.fault, damage.promise, write, damage.says)
    for name, form in FORMS.items():
        if name == "Kangheng":  # photos without numbers may be told apart, corners from sides too
            continue
        mixed = partial(_mixed_up, form)
        title = "sides and corners mixed up"
        says = "boxes exceed their images|to be the box of raw_anns"
        if name != "jxu124":  # which carries COCO's own box beside
            yield Case("boxes", name, title, "refused", mixed, says)


def _damaged(form: Form, change: Callable[[bytes], bytes], folder: Path) -> Reading:
    first = folder / "good"
    first.mkdir()
    good = form.write(first, good_rows()).file.read_bytes()
    return reading(form, folder, good_rows(), change(good))


def _mixed_up(form: Form, folder: Path) -> Reading:
    """Write boxes as lists, which no format converts, in another format than expected."""
    spelled = [[float(value) for value in box] for box in BOXES]
    if form.kind == "table" and not form.tables:
        spelled = [sides(row) for row in good_rows()]
    rows = [row | {"box": box} for row, box in zip(good_rows(), spelled, strict=True)]
    return reading(form, folder, rows)
