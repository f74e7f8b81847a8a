"""Sentences about a scene, each of which is true of exactly one object.

A small grammar of some fifty words, so that a tiny text tower learns it. A sentence is only used
where a person would agree: the leftmost object is further left than the next by a clear margin, and
no other candidate for "the circle left of the square" is left of it at all.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from vg_mc.corpora.scene_objects import Frame, SceneObject

PLACE_MARGIN = 0.07  # of the width: how much further left (right, ...) than the next one
RELATION_MARGIN = 0.1  # of the width: how far left (right, ...) of the landmark
CLEARANCE = 0.02  # of the width: how far every other candidate is on the landmark's other side
SIZE_RATIO = 1.25  # how much longer than the next one the biggest is

SIZE_WORDS = {"small": ("small", "little"), "big": ("big", "large")}
ANY_SHAPE_WORDS = ("object", "thing", "shape")
BIGGEST_WORDS, SMALLEST_WORDS = ("biggest", "largest"), ("smallest",)

KIND_WEIGHTS = {"attribute": 4, "size": 3, "place": 4, "relation": 4}


class Direction(NamedTuple):
    """One way in the picture.

    Attributes:
        axis: 0 across, 1 down.
        sign: -1 towards the smaller coordinate.
        superlatives: Phrases for the outermost object; braces stand for the noun.
        sides: Phrases for the outermost object that is in this half of the picture as well.
        relations: Phrases between two objects.
    """

    axis: int
    sign: int
    superlatives: tuple[str, ...]
    sides: tuple[str, ...]
    relations: tuple[str, ...]


DIRECTIONS = (
    Direction(
        0, -1, ("leftmost {}",), ("{} on the left", "{} on the left side"),
        ("left of", "to the left of"),
    ),
    Direction(
        0, 1, ("rightmost {}",), ("{} on the right", "{} on the right side"),
        ("right of", "to the right of"),
    ),
    Direction(1, -1, ("topmost {}", "highest {}"), ("{} at the top",), ("above",)),
    Direction(1, 1, ("lowest {}",), ("{} at the bottom",), ("below", "under")),
)  # fmt: skip


class Description(NamedTuple):
    """Properties that an object may share with others; None where nothing is said."""

    size: str | None
    color: str | None
    shape: str | None

    def fits(self, scene_object: SceneObject) -> bool:
        """Whether it is true of `scene_object`."""
        return (
            self.shape in (None, scene_object.shape)
            and self.color in (None, scene_object.color)
            and self.size in (None, scene_object.size)
        )

    def phrase(self, random: Random) -> str:
        """Return words for it, such as "small red circle" or "red thing"."""
        words = [] if self.size is None else [random.choice(SIZE_WORDS[self.size])]
        words += [] if self.color is None else [self.color]
        return " ".join([*words, self.shape or random.choice(ANY_SHAPE_WORDS)])


class View(NamedTuple):
    """A scene as seen by someone who describes it."""

    objects: Sequence[SceneObject]
    frame: Frame
    random: Random

    def fitting(self, description: Description) -> list[SceneObject]:
        """Return all objects that `description` is true of."""
        return [one for one in self.objects if description.fits(one)]


def sentences(target: SceneObject, view: View, count: int) -> list[str]:
    """Return up to `count` different sentences that are true of `target` alone, of varied kinds."""
    kinds = {kind: list(dict.fromkeys(write(target, view))) for kind, write in _WRITERS.items()}
    chosen: list[str] = []
    while len(chosen) < count and (open_kinds := [kind for kind, left in kinds.items() if left]):
        weights = [KIND_WEIGHTS[kind] for kind in open_kinds]
        left = kinds[view.random.choices(open_kinds, weights)[0]]
        sentence = left.pop(view.random.randrange(len(left)))
        chosen.append(sentence if view.random.random() < 0.25 else f"the {sentence}")
    return chosen


def _descriptions(target: SceneObject) -> Iterator[Description]:
    """Yield what can be said of `target` without its size, always naming colour or shape."""
    yield Description(None, None, target.shape)
    yield Description(None, target.color, target.shape)
    yield Description(None, target.color, None)


def _by_attribute(target: SceneObject, view: View) -> Iterator[str]:
    for description in _descriptions(target):
        if view.fitting(description) == [target]:
            yield description.phrase(view.random)


def _by_size(target: SceneObject, view: View) -> Iterator[str]:
    for description in (Description(None, None, None), *_descriptions(target)):
        group = view.fitting(description)
        if len(group) < 2:  # size says nothing where there is no other
            continue
        sized = description._replace(size=target.size)
        if target.size in SIZE_WORDS and view.fitting(sized) == [target]:
            yield sized.phrase(view.random)
        lengths = [other.length for other in group if other is not target]
        if target.length >= SIZE_RATIO * max(lengths):
            yield f"{view.random.choice(BIGGEST_WORDS)} {description.phrase(view.random)}"
        if SIZE_RATIO * target.length <= min(lengths):
            yield f"{view.random.choice(SMALLEST_WORDS)} {description.phrase(view.random)}"


def _by_place(target: SceneObject, view: View) -> Iterator[str]:
    margin = PLACE_MARGIN * view.frame.width
    for description in (Description(None, None, None), *_descriptions(target)):
        others = [other for other in view.fitting(description) if other is not target]
        for direction in DIRECTIONS:
            if others and all(_lead(target, other, direction) >= margin for other in others):
                half = _beyond_the_middle(target, view.frame, direction)
                phrases = direction.superlatives + (direction.sides if half else ())
                yield view.random.choice(phrases).format(description.phrase(view.random))


def _by_relation(target: SceneObject, view: View) -> Iterator[str]:
    for description in list(_descriptions(target))[:2]:  # "the thing left of" says too little
        others = [other for other in view.fitting(description) if other is not target]
        for landmark in view.objects if others else ():
            if landmark is target:
                continue
            for direction in DIRECTIONS:
                if _stands(target, others, landmark, direction):
                    phrase = _landmark_phrase(landmark, view)
                    if phrase:
                        relation = view.random.choice(direction.relations)
                        yield f"{description.phrase(view.random)} {relation} the {phrase}"


def _landmark_phrase(landmark: SceneObject, view: View) -> str:
    """Return words for `landmark`, empty where shape and colour are not enough."""
    plain, colored, _ = _descriptions(landmark)
    if view.fitting(colored) != [landmark]:
        return ""
    bare = view.fitting(plain) == [landmark] and view.random.random() < 0.5
    return (plain if bare else colored).phrase(view.random)


def _lead(one: SceneObject, other: SceneObject, direction: Direction) -> float:
    """How much further in `direction` one object is than another, in pixels, by its centre."""
    return direction.sign * (one.center[direction.axis] - other.center[direction.axis])


def _beyond_the_middle(target: SceneObject, frame: Frame, direction: Direction) -> bool:
    middle = frame[direction.axis] / 2
    return direction.sign * (target.center[direction.axis] - middle) > 0.1 * frame[direction.axis]


def _stands(
    target: SceneObject, others: list[SceneObject], landmark: SceneObject, direction: Direction
) -> bool:
    """Whether only `target` is in `direction` from `landmark`, and more so than aslant."""
    lead = _lead(target, landmark, direction)
    aside = abs(target.center[1 - direction.axis] - landmark.center[1 - direction.axis])
    clearance = CLEARANCE * target.frame.width
    return lead >= max(RELATION_MARGIN * target.frame.width, aside) and all(
        _lead(other, landmark, direction) <= -clearance for other in others if other is not landmark
    )


_WRITERS: dict[str, Callable[[SceneObject, View], Iterator[str]]] = {
    "attribute": _by_attribute,
    "size": _by_size,
    "place": _by_place,
    "relation": _by_relation,
}
