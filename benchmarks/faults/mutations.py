"""Cases with one value of one record replaced, for every field of every layout.

For every value, all other records must be read, and the changed record is either used or reported.
"""

import copy
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.faults.case import Case, Outcome, Reading
from benchmarks.faults.documents import DOCUMENTS, Document, Keys, write
from benchmarks.faults.forms import PHOTOS, SIZE, photo_bytes
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.corpora.readers import CorpusSource, read_corpus
from vg_mc.prepared.build.plan import check_splits
from vg_mc.proposers.placing import cut_to_photos
from vg_mc.proposers.stored import read_detections
from vg_mc.records import Photo

MISSING: Any = ...
VALUES: dict[str, Any] = {
    "missing": MISSING,
    "null": None,
    "an empty text": "",
    "a word": "left",
    "a text of digits": "77",
    "a number": 77,
    "a negative number": -5,
    "a fraction": 0.5,
    "NaN": float("nan"),
    "over 64 bits": 2**70,
    "a truth value": True,
    "an empty list": [],
    "a list": ["left"],
    "four negative numbers": [-5, -5, -40, -40],
    "four times NaN": [float("nan")] * 4,
    "a list in a list": [[1, 2, 3]],
    "an empty record": {},
    "a record": {"x": [1]},
    "a lone surrogate": "\ud800",
}
KNOWN = [Photo(image_id, name, *SIZE) for image_id, name in PHOTOS.items()]


def cases() -> Iterator[Case]:
    """Yield every value in every field of the layouts that can express it."""
    for document in DOCUMENTS:
        for name, value in VALUES.items():
            for keys in fields_in(at(document.content, document.record), document.record):
                if value is MISSING and (keys == document.record or isinstance(keys[-1], int)):
                    continue  # a shorter list is no fault
                if value == [] and document.kind == "detections" and keys == document.record:
                    continue  # an image without detections
                if document.optional.intersection(keys):
                    continue
                made = partial(_mutated, document, keys, value)
                field = ".".join(map(str, keys[len(document.record) :])) or "the record"
                yield Case("any field", document.name, name, "isolated", made, field=field,
                           losing=document.losing)  # fmt: skip


def fields_in(value: Any, keys: Keys) -> Iterator[Keys]:  # noqa: ANN401 - of any layout
    """Yield the way to a value and to all values in it."""
    yield keys
    inside: Any = ()
    if isinstance(value, dict | list):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in inside:
        yield from fields_in(inner, (*keys, key))


def at(content: Any, keys: Keys) -> Any:  # noqa: ANN401 - of any layout
    """Return the value at the end of a way."""
    for key in keys:
        content = content[key]
    return content


def changed(content: Any, keys: Keys, value: Any) -> Any:  # noqa: ANN401 - of any layout
    """Return a copy with another value at the end of a way, or without it."""
    made = copy.deepcopy(content)
    holder = at(made, keys[:-1])
    if value is MISSING:
        del holder[keys[-1]]
    else:
        holder[keys[-1]] = value
    return made


def _mutated(document: Document, keys: Keys, value: Any, folder: Path) -> Reading | None:  # noqa: ANN401
    if not write(folder / document.file, changed(document.content, keys, value)):
        return None
    if document.kind == "detections":
        return partial(_detections, folder / document.file)
    for name, content in document.beside.items():
        write(folder / name, content)
    return partial(_corpus, document, folder)


@cache
def _images() -> TemporaryDirectory[str]:
    """Return a folder with the images, by the names that the layouts give them."""
    folder = TemporaryDirectory(prefix="vg_mc-images-")
    for number, name in PHOTOS.items():
        for written in (name, f"{number}.jpg"):
            (Path(folder.name) / written).write_bytes(photo_bytes())
    return folder


def _corpus(document: Document, folder: Path, skip_bad: bool) -> Outcome:
    source = CorpusSource(
        document.kind,  # type: ignore[arg-type]  # one of the kinds of corpora
        folder if document.kind == "refer" else folder / document.file,
        Path(_images().name),
        folder / "extracted",
        boxes=DeclaredBoxes("xyxy", "pixels") if document.is_own else DeclaredBoxes(),
        skip_bad=skip_bad,
    )
    corpus, _ = read_corpus(source)
    check_splits(corpus, ())
    return Outcome(len(corpus.expressions), corpus.rejected, 4, set(), corpus.notes)


def _detections(file: Path, skip_bad: bool) -> Outcome:
    stored = read_detections(file, skip_bad=skip_bad)
    found = cut_to_photos(stored, KNOWN, KNOWN)
    kept = sum(map(len, found.by_image.values())) + found.other
    return Outcome(kept, [*stored.rejected, *found.rejected], 4, set())
