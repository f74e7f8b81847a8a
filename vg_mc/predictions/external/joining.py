"""Find the expression that each answer of another system belongs to.

Files rarely carry our ids. What they carry in place of them, image, text and target, is compared as
people write it: without case and punctuation, and to a pixel. Answers about one key belong to its
expressions in their order, since several sentences may describe one box.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from vg_mc.boxes.conventions import SIDE_OF_UNIT
from vg_mc.errors import BadInputError
from vg_mc.predictions.external.reading import ExternalAnswer
from vg_mc.records import XYXY
from vg_mc.text.cleaning import clean_text

SAME_BOX = 2.0  # pixels by which two spellings of one target may differ: some files round

_COCO_STEM = re.compile(r"(COCO_(?:train|val|test)20\d\d_\d{12})(?:_\d+)?")


@dataclass(frozen=True, slots=True)
class Expected:
    """An expression that is to be answered."""

    expression_id: int
    image: str
    text: str
    target: XYXY
    width: int
    height: int


def join(
    answers: Sequence[ExternalAnswer], expressions: Sequence[Expected]
) -> dict[int, ExternalAnswer]:
    """Return the answer of each expression, by expression id; expressions without one are left out.

    Raises:
        BadInputError: At the first answer that belongs to no expression, or to one that is answered
            already.
    """
    index = _Index(expressions)
    joined: dict[int, ExternalAnswer] = {}
    for answer in answers:
        places = list(index.places(answer))
        if not places:
            raise BadInputError(f"{_named(answer)} is no expression here", record=answer.record)
        free = next((place for place in places if place not in joined), None)
        if free is None:
            raise BadInputError(f"{_named(answer)} was answered before", record=answer.record)
        joined[free] = answer
    return joined


def _named(answer: ExternalAnswer) -> str:
    if answer.expression_id is not None:
        return f"expression {answer.expression_id}"
    parts = [answer.image, answer.expression and repr(answer.expression), answer.target]
    return ", ".join(str(part) for part in parts if part is not None)


class _Index:
    """Expressions by their ids, images and texts."""

    def __init__(self, expressions: Sequence[Expected]) -> None:
        self._by_id = {one.expression_id: one for one in expressions}
        self._by_image: defaultdict[str, list[Expected]] = defaultdict(list)
        self._by_text: defaultdict[str, list[Expected]] = defaultdict(list)
        for one in expressions:
            self._by_image[image_key(one.image)].append(one)
            self._by_text[text_key(one.text)].append(one)

    def places(self, answer: ExternalAnswer) -> Iterator[int]:
        """Yield the ids of the expressions that an answer may mean, in their order."""
        if answer.expression_id is not None:
            yield from (id_ for id_ in [answer.expression_id] if id_ in self._by_id)
            return
        key = None if answer.expression is None else text_key(answer.expression)
        found = (
            self._by_text[key or ""]
            if answer.image is None
            else self._by_image[image_key(answer.image)]
        )
        found = _nearest(found, answer.target)
        same_words = [one for one in found if key is None or text_key(one.text) == key]
        # Raw and processed spellings of a sentence differ; its image and target do not.
        may_reword = answer.target is not None and answer.image is not None
        yield from _ids(same_words or (found if may_reword else []))


def _ids(expressions: Iterable[Expected]) -> Iterator[int]:
    return (one.expression_id for one in expressions)


def _nearest(found: list[Expected], stated: tuple[float, ...] | None) -> list[Expected]:
    """Return the expressions whose target is the one that an answer states, if it states one."""
    if stated is None or not found:
        return found
    away = [_distance(one, stated) for one in found]
    nearest = min(away)
    return [one for one, far in zip(found, away, strict=True) if far == nearest and far <= SAME_BOX]


def _distance(one: Expected, stated: tuple[float, ...]) -> float:
    """Return the largest difference to a target in pixels, by the unit in which it is smallest."""
    sides = (one.width, one.height) * 2
    return min(
        max(
            abs(number * (side / scale if scale else 1.0) - edge)
            for number, side, edge in zip(stated, sides, one.target, strict=True)
        )
        for scale in (None, *SIDE_OF_UNIT.values())
    )


def image_key(name: str) -> str:
    """Return what names of one image have in common: no folder, no ending, no box number."""
    stem = PurePosixPath(name.replace("\\", "/")).name.rsplit(".", 1)[0]
    found = _COCO_STEM.fullmatch(stem)
    return found[1] if found else stem


def text_key(text: str) -> str:
    """Return a text without case, punctuation and repeated spaces."""
    return " ".join(re.sub(r"[^\w]+", " ", clean_text(text).casefold()).split())
