"""Parser of boxes in raw replies of vision-language models.

Each syntax is one row of `SYNTAXES`: a pattern, the order of its numbers, and their unit if the
syntax defines it, as location tokens do. For all other syntaxes the unit depends on the prompt of
the model and is not visible in a reply, so it has to be declared.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from vg_mc.boxes.conventions import Order, Unit

Several = Literal["wrong", "first", "last"]  # the box that counts if a reply has several

_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_FOUR = r"\s*,\s*".join([rf"({_NUMBER})"] * 4)


@dataclass(frozen=True, slots=True)
class RepliedBox:
    """A box as stated in a reply.

    Attributes:
        numbers: The four numbers as written, or as defined by their tokens.
        order: Order of the numbers.
        unit: Their unit if the syntax defines it, else None.
        syntax: Name of the recognized syntax.
    """

    numbers: tuple[float, float, float, float]
    order: Order
    unit: Unit | None
    syntax: str


@dataclass(frozen=True, slots=True)
class _Syntax:
    name: str
    pattern: re.Pattern[str]
    order: Order = "xyxy"
    unit: Unit | None = None
    decode: Callable[[re.Match[str]], tuple[float, ...]] | None = None

    def boxes(self, reply: str) -> Iterator[RepliedBox]:
        for match in self.pattern.finditer(reply):
            four = self.decode(match) if self.decode else tuple(map(float, match.groups()))
            yield _box(four, self.order, self.unit, self.name)


def _bin_centres(match: re.Match[str]) -> tuple[float, ...]:
    # Florence-2 quantizes each side into 1,000 bins and decodes a bin as its center.
    return tuple((int(number) + 0.5) / 1000 for number in match.groups())


def _of_1024(match: re.Match[str]) -> tuple[float, ...]:
    return tuple(int(number) / 1024 for number in match.groups())


def _patch_corners(match: re.Match[str]) -> tuple[float, ...]:
    # Kosmos-2 refers to the patches of a 32 x 32 grid that contain the corners; a corner is decoded
    # as the center of its patch.
    first, last = (int(number) for number in match.groups())
    return tuple((index + 0.5) / 32 for index in (first % 32, first // 32, last % 32, last // 32))


_TWO = rf"\(({_NUMBER}),\s*({_NUMBER})\)"

# In order of priority: the first syntax that matches a reply is used.
SYNTAXES = (
    _Syntax(
        "qwen-tokens",
        re.compile(rf"<\|box_start\|>{_TWO},{_TWO}<\|box_end\|>"),
        unit="per-mille",
    ),
    _Syntax("qwen-vl", re.compile(rf"<box>\s*{_TWO},\s*{_TWO}\s*</box>"), unit="per-mille"),
    _Syntax("internvl", re.compile(rf"<box>\s*\[\[{_FOUR}\s*\]\]\s*</box>"), unit="per-mille"),
    _Syntax(
        "deepseek-vl2",
        re.compile(rf"<\|det\|>\s*\[\[{_FOUR}\s*\]\]\s*<\|/det\|>"),
        unit="per-mille",
    ),
    _Syntax("minigpt-v2", re.compile(r"\{" + r"<(\d+)>" * 4 + r"\}"), unit="percent"),
    _Syntax("florence-2", re.compile(r"<loc_(\d+)>" * 4), unit="unit", decode=_bin_centres),
    _Syntax(
        "paligemma", re.compile(r"<loc(\d{4})>" * 4), order="yxyx", unit="unit", decode=_of_1024
    ),
    _Syntax(
        "kosmos-2", re.compile(r"<patch_index_(\d{4})>" * 2), unit="unit", decode=_patch_corners
    ),
)

PLAIN = _Syntax("plain", re.compile(rf"[\[(]\s*{_FOUR}\s*[\])]"))

# Keys of JSON objects for a box of four numbers, and for its numbers in separate fields.
BOX_KEYS: Mapping[str, Order] = {"bbox_2d": "xyxy", "box_2d": "yxyx", "bbox": "xyxy", "box": "xyxy"}
CORNER_KEYS = (
    ("x_min", "y_min", "x_max", "y_max"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
)


def boxes_in_reply(reply: str) -> list[RepliedBox]:
    """Return all boxes of a reply in order; an empty list if no known syntax matches.

    Reasoning (``<think>``) is ignored unless there is no box outside of it.
    """
    answer = re.sub(r"<think>.*?</think>", "", reply, flags=re.DOTALL)
    tagged = re.findall(r"<answer>(.*?)</answer>", answer, flags=re.DOTALL)
    for text in ("\n".join(tagged), answer, reply):
        if found := _boxes_in(text):
            return found
    return []


def _boxes_in(text: str) -> list[RepliedBox]:
    for syntax in SYNTAXES:
        if found := list(syntax.boxes(text)):
            return found
    return list(_json_boxes(text)) or list(PLAIN.boxes(text))


def _json_boxes(text: str) -> Iterator[RepliedBox]:
    """Yield the boxes of every JSON object in a text."""
    for match in re.finditer(r"\{[^{}]*\}", text):
        try:
            content = json.loads(match[0])
        except (ValueError, RecursionError):
            continue
        for key, order in BOX_KEYS.items():
            if _is_box(content.get(key)):
                yield _box(tuple(content[key]), order, None, f"json {key}")
        for keys in CORNER_KEYS:
            if _is_box([content.get(key) for key in keys]):
                yield _box(tuple(content[key] for key in keys), "xyxy", None, f"json {keys[0]}")


def _is_box(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 4
        and all(isinstance(x, int | float) and not isinstance(x, bool) for x in value)
    )


def _box(four: tuple[float, ...], order: Order, unit: Unit | None, syntax: str) -> RepliedBox:
    first, second, third, fourth = map(float, four)
    return RepliedBox((first, second, third, fourth), order, unit, syntax)
