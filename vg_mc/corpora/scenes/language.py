"""Sentences about a scene, each of which is true of exactly one object.

A small grammar of some fifty words, so that a tiny text tower learns it. A sentence is only used
where a person would agree: the leftmost object is further left than the next by a clear margin, and
no other candidate for "the circle left of the square" is left of it at all.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from vg_mc.corpora.scenes.objects import Frame, SceneObject

PLACE_MARGIN = 0.07  # of the width: how much further left (right, ...) than the next one
SIDE_MARGIN = 0.08  # of the width or height: how far past the middle
RELATION_MARGIN = 0.1  # of the width: how far left (right, ...) of the landmark
CLEARANCE = 0.03  # how far every other candidate is on the other side of the landmark or middle
SIZE_RATIO = 1.25  # how much longer than the next one the biggest is

SIZE_WORDS = {"small": ("small", "little"), "big": ("big", "large")}
ANY_SHAPE_WORDS = ("object", "thing", "shape")
BIGGEST_WORDS, SMALLEST_WORDS = ("biggest", "largest"), ("smallest",)

KIND_WEIGHTS = {"attribute": 3, "size": 3, "place": 3, "relation": 6}  # relations are rarely true


class Direction(NamedTuple):
    """One way in the picture.

    Attributes:
        axis: 0 across, 1 down.
        sign: -1 towards the smaller coordinate.
        superlatives: Phrases for the outermost object; braces stand for the noun.
        sides: Phrases for the only object in this half of the picture.
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


ANYTHING = Description(None, None, None)


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


def _by_shape_and_color(target: SceneObject) -> tuple[Description, Description]:
    """Return "circle" and "red circle"."""
    plain = Description(None, None, target.shape)
    return plain, plain._replace(color=target.color)


def _by_attribute(target: SceneObject, view: View) -> Iterator[str]:
    for description in (Description(None, target.color, None), *_by_shape_and_color(target)):
        if view.fitting(description) == [target]:
            yield description.phrase(view.random)


def _by_size(target: SceneObject, view: View) -> Iterator[str]:
    for description in (ANYTHING, *_by_shape_and_color(target)):
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
    for description in (ANYTHING, *_by_shape_and_color(target)):
        others = [other for other in view.fitting(description) if other is not target]
        for direction in DIRECTIONS if others else ():
            phrases = _place_phrases(target, others, view.frame, direction)
            if phrases:
                yield view.random.choice(phrases).format(description.phrase(view.random))


def _place_phrases(
    target: SceneObject, others: list[SceneObject], frame: Frame, direction: Direction
) -> tuple[str, ...]:
    """Return phrases that tell `target` from `others` by its place in the picture."""
    phrases: tuple[str, ...] = ()
    if all(_is_outer(target, other, direction) for other in others):
        phrases += direction.superlatives
    if _past_middle(target, frame, direction) >= SIDE_MARGIN and all(
        _past_middle(other, frame, direction) <= -CLEARANCE for other in others
    ):
        phrases += direction.sides
    return phrases


def _by_relation(target: SceneObject, view: View) -> Iterator[str]:
    for description in _by_shape_and_color(target):
        others = [other for other in view.fitting(description) if other is not target]
        for landmark in view.objects if others else ():
            direction = _way_from(landmark, target, others)
            phrase = _landmark_phrase(landmark, view) if direction else ""
            if direction and phrase:
                relation = view.random.choice(direction.relations)
                yield f"{description.phrase(view.random)} {relation} the {phrase}"


def _landmark_phrase(landmark: SceneObject, view: View) -> str:
    """Return words for `landmark`, empty where shape and colour are not enough."""
    plain, colored = _by_shape_and_color(landmark)
    if view.fitting(colored) != [landmark]:
        return ""
    bare = view.fitting(plain) == [landmark] and view.random.random() < 0.5
    return (plain if bare else colored).phrase(view.random)


def _lead(one: SceneObject, other: SceneObject, direction: Direction) -> float:
    """How much further in `direction` one centre is than another, as a share of the width."""
    pixels = direction.sign * (one.center[direction.axis] - other.center[direction.axis])
    return pixels / one.frame.width


def _is_outer(one: SceneObject, other: SceneObject, direction: Direction) -> bool:
    """Whether `one` is clearly further in `direction`, by its centre and its outer side."""
    side = direction.axis + (2 if direction.sign > 0 else 0)
    return (
        _lead(one, other, direction) >= PLACE_MARGIN
        and direction.sign * (one.box[side] - other.box[side]) >= 0
    )


def _past_middle(one: SceneObject, frame: Frame, direction: Direction) -> float:
    """How far past the middle of the picture an object's centre is, as a share of the picture."""
    extent = frame[direction.axis]
    return direction.sign * (one.center[direction.axis] - extent / 2) / extent


def _way_from(
    landmark: SceneObject, target: SceneObject, others: list[SceneObject]
) -> Direction | None:
    """Return the direction in which `target` is from `landmark` and no other is, if any."""
    for direction in DIRECTIONS:
        across = DIRECTIONS[2 - 2 * direction.axis]
        lead = _lead(target, landmark, direction)
        if lead < max(RELATION_MARGIN, abs(_lead(target, landmark, across))):
            continue  # too near, or rather aslant; the landmark is never left of itself
        rivals = (other for other in others if other is not landmark)
        if all(_lead(other, landmark, direction) <= -CLEARANCE for other in rivals):
            return direction
    return None


_WRITERS: dict[str, Callable[[SceneObject, View], Iterator[str]]] = {
    "attribute": _by_attribute,
    "size": _by_size,
    "place": _by_place,
    "relation": _by_relation,
}
