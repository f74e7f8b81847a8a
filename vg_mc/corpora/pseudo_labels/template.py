"""The source ``template``: words for category, attribute, garment and place, as in Pseudo-Q.

Pseudo-Q (https://github.com/LeapLabTHU/Pseudo-Q) joins a noun with a place and, for people, with a
garment, in eleven patterns. Here, an expression is kept only if no other object of the image
matches its words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Annotated, NamedTuple

import numpy as np

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.corpora.pseudo_labels.clothing import Wearer, wearers
from vg_mc.corpora.pseudo_labels.labels import DetectedImage, DetectedObject, PseudoLabel
from vg_mc.corpora.pseudo_labels.placing import PREPOSITIONS, place_words
from vg_mc.corpora.pseudo_labels.words import PEOPLE, denotes
from vg_mc.system.options import AT_LEAST_0, AT_LEAST_1

NAME = "template"
NOUN, PLACE, GARMENT = "noun", "place", "garment"
# The orders of a noun, a garment and a place in which the place may follow a preposition.
WITH_PREPOSITION = ((NOUN, GARMENT, PLACE), (NOUN, PLACE, GARMENT), (GARMENT, NOUN, PLACE))


@dataclass(frozen=True, slots=True)
class TemplateOptions:
    """Options of the source template."""

    targets: Annotated[int, AT_LEAST_1] = 3
    """Largest number of targets of an image, people first, then by confidence."""

    queries: Annotated[int, AT_LEAST_1] = 6
    """Largest number of expressions of an image, drawn at random from all of its targets."""

    places: bool = True
    """Use words for places; switch them off for corpora like RefCOCO+."""

    keep_ambiguous: bool = False
    """Keep expressions that match several objects of the image, as Pseudo-Q does."""

    seed: Annotated[int, AT_LEAST_0] = 0
    """Seed of the draw."""


@dataclass(frozen=True, slots=True)
class Described:
    """An object with all words that hold for it."""

    wearer: Wearer
    places: frozenset[str]

    @property
    def item(self) -> DetectedObject:
        """The object itself."""
        return self.wearer.item


class Query(NamedTuple):
    """An expression and the facts that it states."""

    text: str
    rule: str
    place: str | None
    garment: str | None


class TemplateSource:
    """Makes expressions from patterns of words."""

    name = NAME

    def __init__(self, options: TemplateOptions) -> None:
        """Create a source."""
        self.options = options

    def labels(self, image: DetectedImage) -> list[PseudoLabel]:
        """Return up to `queries` labels of the image."""
        described = self._described(image)
        first = sorted(described, key=lambda one: (not one.wearer.is_person, -one.item.score))
        pool = [
            (one, query)
            for one in first[: self.options.targets]
            for query in queries(one)
            if self.options.keep_ambiguous or _is_unique(one, query, described)
        ]
        generator = np.random.default_rng([self.options.seed, image.photo.image_id])
        count = min(self.options.queries, len(pool))
        drawn = sorted(generator.choice(len(pool), count, replace=False).tolist()) if count else []
        return [_label(image, *pool[place]) for place in drawn]

    def _described(self, image: DetectedImage) -> list[Described]:
        found = wearers(image.objects, image.photo)
        size = (image.photo.width, image.photo.height)
        places: dict[int, frozenset[str]] = {}
        for rows in _kinds(found) if self.options.places else ():
            boxes = as_boxes([found[row].item.box for row in rows])
            places |= zip(rows, map(frozenset, place_words(boxes, size)), strict=True)
        return [Described(one, places.get(row, frozenset())) for row, one in enumerate(found)]


def _kinds(found: Sequence[Wearer]) -> list[list[int]]:
    """Group rows of objects that are ranked together: all people, and things of one category."""
    kinds: dict[str, list[int]] = {}
    for row, one in enumerate(found):
        kinds.setdefault("person" if one.item.name in PEOPLE else one.item.name, []).append(row)
    return list(kinds.values())


def queries(one: Described) -> Iterator[Query]:
    """Yield all expressions of an object, without repetition.

    With S places, p of which have a preposition, and C garments, there are 1 + 2 S + p for a thing,
    and 2 C + C (6 S + 3 p) more for a person.
    """
    places = sorted(one.places)
    noun, garments = one.item.noun, sorted({each.noun for each in one.wearer.garments})
    yield Query(noun, NOUN, None, None)
    for place in places:
        for order in permutations((NOUN, PLACE)):
            yield _query(order, noun, place, None)
        if place in PREPOSITIONS:
            yield _query((NOUN, PLACE), noun, place, None, preposition=True)
    for garment in garments:
        for order in permutations((NOUN, GARMENT)):
            yield _query(order, noun, None, garment)
        for place in places:
            for order in permutations((NOUN, GARMENT, PLACE)):
                yield _query(order, noun, place, garment)
                if place in PREPOSITIONS and order in WITH_PREPOSITION:
                    yield _query(order, noun, place, garment, preposition=True)


def _query(
    order: Sequence[str],
    noun: str,
    place: str | None,
    garment: str | None,
    *,
    preposition: bool = False,
) -> Query:
    where = f"{PREPOSITIONS[place]} {place}" if place and preposition else place
    words = {NOUN: noun, PLACE: where, GARMENT: garment}
    rule = " ".join(f"preposition {part}" if part == PLACE and preposition else part
                    for part in order)  # fmt: skip
    return Query(" ".join(str(words[part]) for part in order), rule, place, garment)


def _is_unique(one: Described, query: Query, described: Sequence[Described]) -> bool:
    return sum(_matches(each, one.item, query) for each in described) == 1


def _matches(other: Described, item: DetectedObject, query: Query) -> bool:
    """Return whether the words of a query about `item` also hold for another object."""
    return (
        denotes(item.name, other.item.name)
        and (item.attribute is None or item.attribute == other.item.attribute)
        and (query.place is None or query.place in other.places)
        and (query.garment is None
             or query.garment in {each.noun for each in other.wearer.garments})
    )  # fmt: skip


def _label(image: DetectedImage, one: Described, query: Query) -> PseudoLabel:
    facts = (one.item.name, one.item.attribute, query.garment, query.place)
    key = "|".join(fact or "" for fact in facts)
    return PseudoLabel(image.photo, query.text, one.item, NAME, query.rule, key)
