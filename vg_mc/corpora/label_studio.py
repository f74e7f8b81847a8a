"""Regions in Label Studio's JSON export.

A task has one image and the results of its annotators. The rectangle of a region and the text that
was typed for it are separate results with the same id. Positions are percentages of the image as
the browser shows it.
"""

import re
import reprlib
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from vg_mc.errors import BadInputError
from vg_mc.system.fields import as_list, as_mapping, as_number, as_text

Record = Mapping[object, object]

SIDES = ("x", "y", "width", "height")
EXPRESSION_CONTROLS = frozenset({"expression", "expressions"})  # preferred among several text areas
IMAGE_KEY = "image"

_IMAGE_ENDING = re.compile(r".+\.(?:jpe?g|png|webp|bmp|gif|mpo)", re.IGNORECASE)
_UPLOAD_PREFIX = re.compile(r"[0-9a-f]{8}-(.+)")  # Label Studio adds it to uploaded files


def regions_of(task: Record) -> Iterator[Record | BadInputError]:
    """Yield every region with a text: its image, texts, box in percent, label and image size.

    Raises:
        BadInputError: If the task has several annotations or no image.
    """
    data = as_mapping(task.get("data"))
    results = [_checked(one) for one in _results(task)]
    control = _text_control(results)
    for region_id in dict.fromkeys(one.get("id") for one in results if one.get("id") is not None):
        parts = [one for one in results if one.get("id") == region_id]
        texts = [text for one in parts for text in _texts(one, control)]
        shapes = [one for one in parts if str(one.get("type")).startswith("rectangle")]
        if not texts or not (shapes or _is_region(parts)):
            continue
        try:
            yield {
                "image": _image_of(data),
                "expression": texts,
                "box": _box(shapes),
                "category": next(chain.from_iterable(map(_labels, parts)), None),
                "width": shapes[0].get("original_width"),
                "height": shapes[0].get("original_height"),
                "split": data.get("split"),
            }
        except BadInputError as fault:
            yield BadInputError(f"region {region_id}: {fault.problem}")


def _checked(result: object) -> Record:
    """Return a result whose id and control can be compared with those of others."""
    fields = as_mapping(result)
    for name in ("id", "from_name"):
        if not isinstance(fields.get(name), str | int | None):
            problem = f"expected a text as {name} of a result, not {reprlib.repr(fields[name])}"
            raise BadInputError(problem)
    return fields


def _results(task: Record) -> list[object]:
    """Return the results of the only annotation, or of the one marked as ground truth."""
    written = task.get("annotations", task.get("completions"))
    annotations = [as_mapping(one) for one in written] if isinstance(written, list) else []
    annotations = [one for one in annotations if not one.get("was_cancelled")]
    best = [one for one in annotations if one.get("ground_truth")] or annotations
    if len(best) > 1:
        problem = f"expected one annotation of the task, found {len(best)}"
        raise BadInputError(f"{problem}; mark one as ground truth in Label Studio")
    return as_list(best[0], "result") if best else []


def _text_control(results: list[Record]) -> object:
    """Return the name of the control with the expressions; None if only notes have texts."""
    controls = {one.get("from_name") for one in results if one.get("type") == "textarea"}
    preferred = controls & EXPRESSION_CONTROLS or controls
    if len(preferred) > 1:
        named = ", ".join(sorted(map(str, preferred)))
        raise BadInputError(
            f"expected one text area with expressions, found {named}; "
            "name the one with expressions 'expression' in the labelling interface"
        )
    return next(iter(preferred), None)


def _texts(result: Record, control: object) -> list[object]:
    """Return the texts of a result: of the text area, or without one the notes of the region."""
    if control is None:
        value = as_mapping(result.get("meta") or {}).get("text")
    elif result.get("type") == "textarea" and result.get("from_name") == control:
        value = as_mapping(result.get("value")).get("text")
    else:
        return []
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_region(parts: list[Record]) -> bool:
    """Return whether a text belongs to a region of another shape, and not to the whole image."""
    return any(one.get("type") != "textarea" for one in parts)


def _labels(result: Record) -> list[object]:
    value = as_mapping(result.get("value"))
    found = value.get("rectanglelabels", value.get("labels"))
    return found if isinstance(found, list) else []


def _box(shapes: list[Record]) -> list[float]:
    """Return left, top, width and height in percent; the sides are negative if drawn backwards."""
    if not shapes:
        raise BadInputError("expected a rectangle, found another shape")
    value = as_mapping(shapes[0].get("value"))
    if value.get("rotation") or shapes[0].get("image_rotation"):
        raise BadInputError(
            "expected an upright rectangle on an upright image, found a rotated one; draw it "
            "without rotation"
        )
    left, top, width, height = (as_number(value, name) for name in SIDES)
    return [left + min(width, 0), top + min(height, 0), abs(width), abs(height)]


def _image_of(data: Record) -> str:
    """Return the address of the image of a task."""
    if IMAGE_KEY in data:
        return as_text(data, IMAGE_KEY)
    found = [
        value for value in data.values() if isinstance(value, str) and _IMAGE_ENDING.match(value)
    ]
    if len(found) != 1:
        problem = f"expected one image in data, found {len(found)} in {', '.join(map(str, data))}"
        raise BadInputError(problem)
    return found[0]


def file_names(address: str) -> list[str]:
    """Return the names that the file of an address may have in an image folder.

    An address is a path of an upload (``/data/upload/1/1a2b3c4d-photo.jpg``), of local files
    (``/data/local-files/?d=folder/photo.jpg``), or a URL.
    """
    parts = urlsplit(address)
    local = parse_qs(parts.query).get("d")
    path = PurePosixPath(local[0] if local else unquote(parts.path))
    folders = path.parts if local else path.parts[-1:]
    names = ["/".join(folders[start:]) for start in range(len(folders)) if folders[start] != "/"]
    without = _UPLOAD_PREFIX.fullmatch(path.name)
    if without:
        return [without[1], *names]
    return [*names, path.name.partition("-")[2]] if "-" in path.name else names
