"""Parser of boxes in raw replies of vision-language models.

Each syntax is one row of `SYNTAXES`: a pattern, the order of its numbers, and their unit if the
syntax defines it. Location tokens define the unit in every model. In the other syntaxes with a unit
it is that of the models that introduced them, so a declared unit takes precedence. All remaining
syntaxes have no unit, since it depends on the prompt of the model and is not visible in a reply.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from vg_mc.boxes.conventions import Order, Unit
from vg_mc.text.reply_fields import NUMBER, FieldBox, boxes_in_fields

Several = Literal["wrong", "first", "last"]  # the box that counts if a reply has several

Four = tuple[float, float, float, float]

_BY_COMMAS = r"\s*+,\s*+".join([rf"({NUMBER})"] * 4)
_BY_SPACES = r"\s++".join([rf"({NUMBER})"] * 4)
_TWO_POINTS = r"\s*,?\s*".join([rf"\(\s*({NUMBER})\s*,\s*({NUMBER})\s*\)"] * 2)


@dataclass(frozen=True, slots=True)
class RepliedBox:
    """A box as stated in a reply.

    Attributes:
        numbers: The four numbers as written, or as defined by their tokens.
        order: Order of the numbers.
        unit: Their unit if the syntax defines it, else None.
        syntax: Name of the recognized syntax.
        is_fixed: Whether no declaration can change order and unit, as for location tokens.
        score: Confidence of the box, if the reply states one.
    """

    numbers: Four
    order: Order
    unit: Unit | None
    syntax: str
    is_fixed: bool = False
    score: float | None = None


@dataclass(frozen=True, slots=True)
class _Syntax:
    """A way to write a box.

    Attributes:
        pattern: Pattern of one box.
        marks: Texts before and after all boxes of an object; a reply that is cut off lacks the
            second one.
        decode: Conversion of the groups of a match, for numbers that do not depend on the prompt.
    """

    name: str
    pattern: re.Pattern[str]
    marks: tuple[str, str] | None = None
    order: Order = "xyxy"
    unit: Unit | None = None
    decode: Callable[[Sequence[str]], tuple[float, ...]] | None = None

    def boxes(self, reply: str) -> Iterator[RepliedBox]:
        for match in (each for part in self._parts(reply) for each in self.pattern.finditer(part)):
            decode = self.decode or _as_written
            first, second, third, fourth = decode(match.groups())
            numbers = (first, second, third, fourth)
            is_fixed = self.decode is not None
            yield RepliedBox(numbers, self.order, self.unit, self.name, is_fixed=is_fixed)

    def _parts(self, reply: str) -> list[str]:
        if self.marks is None:
            return [reply]
        if self.marks[0] not in reply:
            return []
        start, end = map(re.escape, self.marks)
        return re.findall(rf"{start}(.*?)(?:{end}|\Z)", reply, re.DOTALL)


def _as_written(numbers: Sequence[str]) -> tuple[float, ...]:
    return tuple(map(float, numbers))


def _bin_centres(numbers: Sequence[str]) -> tuple[float, ...]:
    # Florence-2 quantizes each side into 1,000 bins and decodes a bin as its center.
    return tuple((int(number) + 0.5) / 1000 for number in numbers)


def _of_999(numbers: Sequence[str]) -> tuple[float, ...]:
    # DeepSeek-VL2 counts from 0 to 999, and both ends are edges of the image.
    return tuple(int(number) / 999 for number in numbers)


def _of_1024(numbers: Sequence[str]) -> tuple[float, ...]:
    return tuple(int(number) / 1024 for number in numbers)


def _of_100(numbers: Sequence[str]) -> tuple[float, ...]:
    return tuple(int(number) / 100 for number in numbers)


def _patch_corners(numbers: Sequence[str]) -> tuple[float, ...]:
    """Decode two patches of Kosmos-2's grid of 32 x 32.

    A corner is the center of its patch, except that two patches of one row or column extend to the
    outer edges of both.
    """
    first, last = (int(number) for number in numbers)
    left, top, right, bottom = first % 32, first // 32, last % 32, last // 32
    inset = 0.0 if left == right or top == bottom else 0.5
    ends = (left + inset, top + inset, right + 1 - inset, bottom + 1 - inset)
    return tuple(end / 32 for end in ends)


_IN_BRACKETS = re.compile(rf"\[\s*{_BY_COMMAS}\s*\]")
_POINTS = re.compile(_TWO_POINTS)
_SPACED = re.compile(_BY_SPACES)
_INTEGERS = re.compile(r"\[\s*" + r"\s*,\s*".join([r"(\d{1,3})"] * 4) + r"\s*\]")

# In order of priority: the first syntax that matches a reply is used.
SYNTAXES = (
    _Syntax("florence-2", re.compile(r"<loc_(\d{1,3})>" * 4), unit="unit", decode=_bin_centres),
    _Syntax(
        "paligemma", re.compile(r"<loc(\d{4})>" * 4), order="yxyx", unit="unit", decode=_of_1024
    ),
    _Syntax(
        "kosmos-2", re.compile(r"<patch_index_(\d{4})>" * 2), unit="unit", decode=_patch_corners
    ),
    _Syntax(
        "minigpt-v2", re.compile(r"\{" + r"<(\d{1,3})>" * 4 + r"\}"), unit="unit", decode=_of_100
    ),
    _Syntax("deepseek-vl2", _INTEGERS, ("<|det|>", "<|/det|>"), unit="unit", decode=_of_999),
    _Syntax("qwen-tokens", _POINTS, ("<|box_start|>", "<|box_end|>"), unit="per-mille"),
    _Syntax("qwen-vl", _POINTS, ("<box>", "</box>"), unit="per-mille"),
    _Syntax("internvl", _IN_BRACKETS, ("<box>", "</box>"), unit="per-mille"),
    _Syntax("minicpm-v", _SPACED, ("<box>", "</box>"), unit="per-mille"),
    _Syntax("glm-v", _IN_BRACKETS, ("<|begin_of_box|>", "<|end_of_box|>"), unit="per-mille"),
    _Syntax("doubao", _SPACED, ("<bbox>", "</bbox>"), unit="per-mille"),
)

# Numbers without names. Semicolons separate several boxes of Shikra within one pair of brackets.
PLAIN = (
    _Syntax("plain", re.compile(rf"(?<=[\[(;])\s*{_BY_COMMAS}\s*(?=[\]);])")),
    _Syntax("plain points", _POINTS),
    _Syntax("plain", re.compile(rf"(?<=[\[(])\s*{_BY_SPACES}\s*(?=[\])])")),
    _Syntax("plain", re.compile(rf"\A\W*?(?:{_BY_COMMAS})\W*\Z")),
    _Syntax("plain", re.compile(rf"\A\s*(?:{_BY_SPACES})\s*\Z")),
)

_WORD = r"(?:think|thinking|thought|reasoning)"
_REASONING = re.compile(rf"<(/?){_WORD}>|◁(/?)think▷")
_ANSWER = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL)

_POINT = re.compile(
    rf"<points?\s[^<>]*(?:\bx\d*\s*=|\bcoords\s*=)|[\"']?point(?:_2d)?[\"']?\s*:\s*\[\s*{NUMBER}"
    rf"|<point>\s*\[?\(?\[?\s*{NUMBER}|[\[(]\s*{NUMBER}\s*,\s*{NUMBER}\s*[\])]"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """The content of a reply.

    Attributes:
        boxes: All boxes of the answer in order.
        in_reasoning: Whether the boxes are from the reasoning, as there are none after it.
        has_point: Whether there is a point, such as Molmo's, in place of a box.
    """

    boxes: tuple[RepliedBox, ...] = ()
    in_reasoning: bool = False
    has_point: bool = False


def read_reply(reply: str) -> Reply:
    """Read the boxes of a reply.

    Boxes in the reasoning (``<think>``) of a model are not its answer. They are only used if there
    are no others, since some models end their reasoning with the answer. Of a reply with
    ``<answer>`` tags, only their content counts if it contains a box.
    """
    answer = without_reasoning(reply)
    tagged = "\n".join(_ANSWER.findall(answer))
    for text in (tagged, answer) if tagged else (answer,):
        if found := _boxes_in(text):
            return Reply(tuple(found))
    if _POINT.search(answer):
        return Reply(has_point=True)
    return Reply(tuple(_boxes_in(reply)), in_reasoning=True)


def without_reasoning(reply: str) -> str:
    """Return a reply without its reasoning; empty if the reasoning was cut off.

    Reasoning may be opened by the prompt, and so lack its first tag.
    """
    kept: list[str] = []
    start, is_open = 0, False
    for tag in _REASONING.finditer(reply):
        is_closing = bool(tag[1] or tag[2])
        if not is_open:
            kept = [] if is_closing else [*kept, reply[start : tag.start()]]
        start, is_open = tag.end(), not is_closing
    if is_open:  # it was never closed
        start = reply.find("<answer>", start)
    return "".join(kept) + (reply[start:] if start >= 0 else "")


def _boxes_in(text: str) -> list[RepliedBox]:
    for syntax in SYNTAXES:
        if found := list(syntax.boxes(text)):
            return found
    if named := [_of_fields(box) for box in boxes_in_fields(text)]:
        return named
    for syntax in PLAIN:
        if found := list(syntax.boxes(text)):
            return found
    return []


def _of_fields(box: FieldBox) -> RepliedBox:
    return RepliedBox(box.numbers, box.order, box.unit, f"field {box.name}", score=box.score)
