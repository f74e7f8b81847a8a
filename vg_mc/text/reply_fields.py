"""Boxes in named fields of a text: JSON, XML or ``x1=10, y1=20``, also if it is malformed.

Models write trailing commas, comments and single quotes, and long replies are cut off, so fields
are found by patterns rather than by a parser of JSON.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from vg_mc.boxes.conventions import NAMED_SIDES, Order, Unit

# Possessive, and only from the first digit on: models may repeat a digit up to their token limit.
NUMBER = r"(?<![\d.])[-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?"
_QUOTED = rf"[\"']?({NUMBER})[\"']?"
_FOUR = r"\s*,\s*".join([_QUOTED] * 4)

# Fields with four numbers. Gemini and Gemma define both order and unit of box_2d.
LISTS: Mapping[str, tuple[Order, Unit | None]] = {
    "bbox_2d": ("xyxy", None),
    "box_2d": ("yxyx", "per-mille"),
    "bboxes": ("xyxy", None),
    "boxes": ("xyxy", None),
    "bbox": ("xyxy", None),
    "box": ("xyxy", None),
    "bounding_box": ("xyxy", None),
    "bounding box": ("xyxy", None),
    "coordinates": ("xyxy", None),
}

_LIST = re.compile(
    rf"[\"'<]?\b({'|'.join(LISTS)})\b[\"'>]?\s*[:=]?\s*\[*\s*[\[(]\s*{_FOUR}\s*,?\s*[\])]"
    rf"|<({'|'.join(LISTS)})>\s*{_FOUR}\s*</",
    re.IGNORECASE,
)
_PAIR = rf"[^\d\[(]{{0,20}}[\[(]\s*({NUMBER})\s*,\s*({NUMBER})\s*[\])]"
_TWO_CORNERS = re.compile(
    rf"top[_ -]?left{_PAIR}[^\d]{{0,40}}bottom[_ -]?right{_PAIR}", re.IGNORECASE
)
_NEXT = re.compile(rf"\s*,\s*[\[(]\s*{_FOUR}\s*[\])]")  # further boxes of a list of lists
_SCORE = re.compile(rf"\b(?:score|confidence)[\"']?\s*[:=]\s*{_QUOTED}")
_POINT_TAG = re.compile(r"<points?\s[^<>]*>?")  # Molmo's <points x1=... y1=... x2=... y2=...>


@dataclass(frozen=True, slots=True)
class FieldBox:
    """A box in named fields.

    Attributes:
        name: Name of the field, or of the first of four fields.
        unit: Unit of the numbers if the name defines it.
        score: Confidence in the same object.
    """

    name: str
    numbers: tuple[float, float, float, float]
    order: Order
    unit: Unit | None
    score: float | None


def boxes_in_fields(text: str) -> list[FieldBox]:
    """Return the boxes in named fields in their order; an empty list if there are none."""
    text = _POINT_TAG.sub("", text)
    if listed := list(_listed(text)):
        return listed
    if pairs := _TWO_CORNERS.findall(text):
        return [FieldBox("top_left", _four(pair), "xyxy", None, None) for pair in pairs]
    found = (list(_cornered(text, *each)) for each in NAMED_SIDES.items())
    return next((boxes for boxes in found if boxes), [])


def _listed(text: str) -> Iterator[FieldBox]:
    for match in _LIST.finditer(text):
        groups = [group for group in match.groups() if group is not None]
        order, unit = LISTS[groups[0].lower()]
        score = _score_near(text, match.start(), match.end())
        yield FieldBox(groups[0].lower(), _four(groups[1:]), order, unit, score)
        following = _NEXT.match(text, match.end())
        while following:
            yield FieldBox(groups[0].lower(), _four(following.groups()), order, unit, None)
            following = _NEXT.match(text, following.end())


def _cornered(text: str, names: tuple[str, ...], order: Order) -> Iterator[FieldBox]:
    """Yield a box for each four consecutive fields with the four names."""
    pattern = re.compile(
        rf"(?<![\w/])({'|'.join(names)})\b[\"']?\s*[:=>]\s*{_QUOTED}", re.IGNORECASE
    )
    found: dict[str, float] = {}
    start = 0
    for match in pattern.finditer(text):
        name = match[1].lower()
        if name in found:
            found = {}
        if not found:
            start = match.start()
        found[name] = float(match[2])
        if len(found) == len(names):
            numbers = _four([found[each] for each in names])
            score = _score_near(text, start, match.end())
            yield FieldBox(names[0], numbers, order, None, score)
            found = {}


def _four(values: Iterable[str | float]) -> tuple[float, float, float, float]:
    first, second, third, fourth = map(float, values)
    return first, second, third, fourth


def _score_near(text: str, start: int, end: int) -> float | None:
    """Return the score in the braces around a box."""
    opening, closing = text.rfind("{", 0, start), text.find("}", end)
    if opening < 0 or closing < 0 or "}" in text[opening:start]:
        return None
    found = _SCORE.search(text, opening, closing)
    return float(found[1]) if found else None
