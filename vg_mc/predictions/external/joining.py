"""Matching of external answers with expressions, by id or by image, text and target.

Files rarely contain expression ids. Texts are compared without case and punctuation, and targets
with a tolerance of a few pixels. Several answers with the same key are assigned to its expressions
in order, since several expressions may describe one box.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from vg_mc.boxes.conventions import SIDE_OF_UNIT
from vg_mc.errors import BadInputError
from vg_mc.predictions.external.reading import ExternalAnswer
from vg_mc.records import XYXY
from vg_mc.text.cleaning import clean_text

SAME_BOX = 2.0  # tolerance of target coordinates in pixels, since some files round them

_COCO_STEM = re.compile(r"(?:COCO_(?:train|val|test)20\d\d_)?(\d{12})(?:_\d+)?")
_PUNCTUATION = re.compile(r"[^\w]+")
_ENDING = re.compile(r"\.(?:jpe?g|png|webp|bmp|gif|tiff?)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Expected:
    """An expression that answers are matched with.

    Attributes:
        image: Name of its image.
        target: Its target, measured from the same corner of the image as targets in the file.
    """

    expression_id: int
    image_id: int
    image: str
    text: str
    target: XYXY
    width: int
    height: int


def join(
    answers: Sequence[ExternalAnswer], expressions: Sequence[Expected]
) -> dict[int, ExternalAnswer]:
    """Return answers by expression id; expressions without an answer are omitted.

    Several answers to one expression id are one answer with several boxes if all have scores.

    Raises:
        BadInputError: At the first answer that matches no expression, or only expressions that
            already have an answer.
    """
    index = _Index(expressions)
    joined: dict[int, ExternalAnswer] = {}
    for answer in answers:
        places = list(index.places(answer))
        if not places:
            raise BadInputError(index.explained(answer), record=answer.record)
        free = next((place for place in places if place not in joined), None)
        if free is None:
            joined[places[0]] = _merged(joined[places[0]], answer)
        else:
            joined[free] = answer
    return joined


def _merged(first: ExternalAnswer, second: ExternalAnswer) -> ExternalAnswer:
    if second.expression_id is None or not (first.is_scored and second.is_scored):
        problem = (
            f"duplicate answer to {_named(second)}; the first one is {first.record}. Several boxes "
            "of one answer need an id and scores"
        )
        raise BadInputError(problem, record=second.record)
    return replace(first, boxes=(*first.boxes, *second.boxes))


def _named(answer: ExternalAnswer) -> str:
    parts = [
        None if answer.expression_id is None else f"expression {answer.expression_id}",
        None if answer.image is None else f"image {answer.image}",
        answer.expression and repr(answer.expression),
        answer.target and f"target {list(answer.target)}",
    ]
    return ", ".join(str(part) for part in parts if part is not None)


class _Index:
    """Index of expressions by id, image and text."""

    def __init__(self, expressions: Sequence[Expected]) -> None:
        self._by_id = {one.expression_id: one for one in expressions}
        self._by_image: defaultdict[str | int, list[Expected]] = defaultdict(list)
        self._by_text: defaultdict[str, list[Expected]] = defaultdict(list)
        self._key_of = {one.expression_id: text_key(one.text) for one in expressions}
        for one in expressions:
            self._by_image[image_key(one.image)].append(one)
            self._by_image[one.image_id].append(one)
            self._by_text[self._key_of[one.expression_id]].append(one)

    def places(self, answer: ExternalAnswer) -> Iterator[int]:
        """Yield the ids of the expressions that match an answer, in their order."""
        key = None if answer.expression is None else text_key(answer.expression)
        if answer.expression_id is not None:
            found = [one for one in [self._by_id.get(answer.expression_id)] if one is not None]
            if answer.image is not None:
                found = [one for one in found if one in self._of_image(answer)]
        else:
            found = (
                self._by_text.get(key or "", []) if answer.image is None else self._of_image(answer)
            )
        same_words = [one for one in found if key is None or self._key_of[one.expression_id] == key]
        nearest = _nearest(same_words, answer.target)
        # Raw and processed texts of an expression differ; image and target are the same.
        if not nearest and answer.target is not None and answer.image is not None:
            nearest = _nearest(found, answer.target)
        yield from (one.expression_id for one in nearest)

    def explained(self, answer: ExternalAnswer) -> str:
        """Describe why an answer matches no expression."""
        problem = f"no expression matches {_named(answer)}"
        if answer.expression_id is not None:
            one = self._by_id.get(answer.expression_id)
            if one is not None:
                return f"{problem}; expression {one.expression_id} is {one.text!r} of {one.image}"
            return f"{problem}; check --split and the ids"
        if answer.image is not None and not self._of_image(answer):
            return f"{problem}; no image of that name has expressions. Check --split"
        if answer.expression is not None:
            return f"{problem}; for a text around the expressions, set --prompt 'text {{}} text'"
        return f"{problem}; check --split and --origin"

    def _of_image(self, answer: ExternalAnswer) -> list[Expected]:
        """Return the expressions of the image of an answer.

        Raises:
            BadInputError: If its name is that of images in several folders.
        """
        if not isinstance(answer.image, str):
            return self._by_image.get(answer.image or 0, [])
        found = self._by_image.get(image_key(answer.image), [])
        names = {one.image for one in found}
        if len(names) < 2:
            return found
        path = answer.image.replace("\\", "/")
        same = {name for name in names if f"/{path}".endswith(f"/{name}")}
        if len(same) != 1:
            problem = f"image {answer.image} may be {' or '.join(sorted(names))}"
            raise BadInputError(f"{problem}; write their folders", record=answer.record)
        return [one for one in found if one.image in same]


def _nearest(found: list[Expected], stated: tuple[float, ...] | None) -> list[Expected]:
    """Return the expressions with the target in `stated`, or all of them without a target."""
    if stated is None or not found:
        return found
    away = [_distance(one, stated) for one in found]
    nearest = min(away)
    return [one for one, far in zip(found, away, strict=True) if far == nearest and far <= SAME_BOX]


def _distance(one: Expected, stated: tuple[float, ...]) -> float:
    """Return the maximum coordinate difference to a target in pixels, in the best-fitting unit."""
    sides = (one.width, one.height) * 2
    return min(
        max(
            abs(number * (side / scale if scale else 1.0) - edge)
            for number, side, edge in zip(stated, sides, one.target, strict=True)
        )
        for scale in (None, *SIDE_OF_UNIT.values())
    )


def image_key(name: str) -> str:
    """Return the name of an image without folder, extension and number of a box.

    Names of one image in COCO 2014 and 2017 have the same key.
    """
    stem = PurePosixPath(name.replace("\\", "/").partition("?")[0]).name
    stem = stem.rsplit(".", 1)[0] if _ENDING.search(stem) else stem
    found = _COCO_STEM.fullmatch(stem)
    return found[1] if found else stem


def text_key(text: str) -> str:
    """Return a text without case, punctuation and repeated spaces."""
    is_clean = text.isascii() and "&" not in text  # otherwise it may contain entities or mojibake
    cleaned = text if is_clean else clean_text(text)
    return " ".join(_PUNCTUATION.sub(" ", cleaned.casefold()).split())
