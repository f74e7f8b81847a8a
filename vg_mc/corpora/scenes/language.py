"""Grammar of expressions about scenes, each of which is true of exactly one object.

It has about fifty words, so that a tiny text tower learns it. An expression is used only if it is
unambiguous for people: the leftmost object is to the left of the next one by a clear margin, and no
other candidate for "the circle left of the square" is left of it at all.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from vg_mc.corpora.scenes.objects import Frame, SceneObject

PLACE_MARGIN = 0.07  # distance to the next object in a direction, relative to the width
SIDE_MARGIN = 0.08  # distance to the middle, relative to the width or height
RELATION_MARGIN = 0.1  # distance to the landmark in a direction, relative to the width
CLEARANCE = 0.03  # distance of all other candidates on the other side of the landmark or middle
SIZE_RATIO = 1.25  # length of the biggest object relative to the second biggest

SIZE_WORDS = {"small": ("small", "little"), "big": ("big", "large")}
ANY_SHAPE_WORDS = ("object", "thing", "shape")
BIGGEST_WORDS, SMALLEST_WORDS = ("biggest", "largest"), ("smallest",)

KIND_WEIGHTS = {
    "attribute": 3,
    "size": 3,
    "place": 3,
    "relation": 6,
}  # relations are rarely unambiguous


class Direction(NamedTuple):
    """A direction in the image.

    Attributes:
        axis: 0 for horizontal, 1 for vertical.
        sign: -1 towards smaller coordinates.
        superlatives: Phrases for the outermost object; braces stand for the noun.
        sides: Phrases for the only object in this half of the image.
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
    """Properties that several objects may share; None for an unspecified one."""

    size: str | None
    color: str | None
    shape: str | None

    def fits(self, scene_object: SceneObject) -> bool:
        """Return True if all properties are those of `scene_object`."""
        return (
            self.shape in (None, scene_object.shape)
            and self.color in (None, scene_object.color)
            and self.size in (None, scene_object.size)
        )

    def phrase(self, random: Random) -> str:
        """Return a noun phrase, such as "small red circle" or "red thing"."""
        words = [] if self.size is None else [random.choice(SIZE_WORDS[self.size])]
        words += [] if self.color is None else [self.color]
        return " ".join([*words, self.shape or random.choice(ANY_SHAPE_WORDS)])


ANYTHING = Description(None, None, None)


class View(NamedTuple):
    """A scene with the source of randomness for its expressions."""

    objects: Sequence[SceneObject]
    frame: Frame
    random: Random

    def fitting(self, description: Description) -> list[SceneObject]:
        """Return all objects that match `description`."""
        return [one for one in self.objects if description.fits(one)]


def sentences(target: SceneObject, view: View, count: int) -> list[str]:
    """Return up to `count` different expressions of varied kinds that are true of `target` only."""
    kinds = {kind: list(dict.fromkeys(write(target, view))) for kind, write in _WRITERS.items()}
    chosen: list[str] = []
    while len(chosen) < count and (open_kinds := [kind for kind, left in kinds.items() if left]):
        weights = [KIND_WEIGHTS[kind] for kind in open_kinds]
        left = kinds[view.random.choices(open_kinds, weights)[0]]
        sentence = left.pop(view.random.randrange(len(left)))
        chosen.append(sentence if view.random.random() < 0.25 else f"the {sentence}")
    return chosen


def _by_shape_and_color(target: SceneObject) -> tuple[Description, Description]:
    """Return the descriptions "circle" and "red circle"."""
    plain = Description(None, None, target.shape)
    return plain, plain._replace(color=target.color)


def _by_attribute(target: SceneObject, view: View) -> Iterator[str]:
    for description in (Description(None, target.color, None), *_by_shape_and_color(target)):
        if view.fitting(description) == [target]:
            yield description.phrase(view.random)


def _by_size(target: SceneObject, view: View) -> Iterator[str]:
    for description in (ANYTHING, *_by_shape_and_color(target)):
        group = view.fitting(description)
        if len(group) < 2:  # a size is meaningless without other objects
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
    """Return phrases that distinguish `target` from `others` by its place in the image."""
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
            direction = _direction_from(landmark, target, others)
            phrase = _landmark_phrase(landmark, view) if direction else ""
            if direction and phrase:
                relation = view.random.choice(direction.relations)
                yield f"{description.phrase(view.random)} {relation} the {phrase}"


def _landmark_phrase(landmark: SceneObject, view: View) -> str:
    """Return a phrase for `landmark`, empty if shape and color do not identify it."""
    plain, colored = _by_shape_and_color(landmark)
    if view.fitting(colored) != [landmark]:
        return ""
    bare = view.fitting(plain) == [landmark] and view.random.random() < 0.5
    return (plain if bare else colored).phrase(view.random)


def _distance_along(one: SceneObject, other: SceneObject, direction: Direction) -> float:
    """Return how much further in `direction` one center is than another, relative to the width."""
    pixels = direction.sign * (one.center[direction.axis] - other.center[direction.axis])
    return pixels / one.frame.width


def _is_outer(one: SceneObject, other: SceneObject, direction: Direction) -> bool:
    """Return True if `one` is clearly further in `direction`, by its center and its outer side."""
    side = direction.axis + (2 if direction.sign > 0 else 0)
    return (
        _distance_along(one, other, direction) >= PLACE_MARGIN
        and direction.sign * (one.box[side] - other.box[side]) >= 0
    )


def _past_middle(one: SceneObject, frame: Frame, direction: Direction) -> float:
    """Return how far past the image's middle an object's center is, relative to the image side."""
    extent = frame[direction.axis]
    return direction.sign * (one.center[direction.axis] - extent / 2) / extent


def _direction_from(
    landmark: SceneObject, target: SceneObject, others: list[SceneObject]
) -> Direction | None:
    """Return a direction in which only `target` lies from `landmark`, if there is one."""
    for direction in DIRECTIONS:
        across = DIRECTIONS[2 - 2 * direction.axis]
        lead = _distance_along(target, landmark, direction)
        if lead < max(RELATION_MARGIN, abs(_distance_along(target, landmark, across))):
            continue  # too near or diagonal; this also excludes the landmark itself
        rivals = (other for other in others if other is not landmark)
        if all(_distance_along(other, landmark, direction) <= -CLEARANCE for other in rivals):
            return direction
    return None


_WRITERS: dict[str, Callable[[SceneObject, View], Iterator[str]]] = {
    "attribute": _by_attribute,
    "size": _by_size,
    "place": _by_place,
    "relation": _by_relation,
}
