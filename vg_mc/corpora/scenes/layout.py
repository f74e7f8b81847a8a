"""Layout of scenes: positions and sizes of objects, some overlapping, some cut by the border."""

from random import Random

from vg_mc.corpora.scenes.drawing import visible_shares
from vg_mc.corpora.scenes.objects import COLORS, RGB, SHAPES, SIZES, Frame, SceneObject

MIN_VISIBLE = 0.62  # visible share of each shape, so that it can be recognized
MAX_COVERED = 0.3  # overlap, relative to the smaller of two boxes
CUT_SHARE = 0.4  # share of the larger objects that may cross the border
CUT_DEPTH = 0.3  # by at most this share of their side
COLORS_PER_SCENE = 5  # few, so that objects share colors
PLACE_ATTEMPTS = 12
SIZE_WEIGHTS = (0.35, 0.4, 0.25)  # small, medium, big


def lay_out(frame: Frame, *, same_kind: bool, random: Random) -> list[SceneObject]:
    """Return three to eight objects, each clearly visible; later objects are in front.

    With `same_kind` at least three share their shape, otherwise no shape occurs more than twice.
    """
    while True:
        shapes = _same_kind(random) if same_kind else _mixed_kinds(random)
        objects = _placed(shapes, frame, random)
        if len(objects) == len(shapes) and min(visible_shares(objects, frame)) >= MIN_VISIBLE:
            return objects


def _same_kind(random: Random) -> list[str]:
    main, *others = random.sample(SHAPES, k=3)
    shapes = [main] * random.randint(3, 5) + others[: random.randint(0, 2)]
    random.shuffle(shapes)
    return shapes


def _mixed_kinds(random: Random) -> list[str]:
    shapes = random.sample(SHAPES, k=random.randint(3, 5))
    shapes += random.sample(shapes, k=random.randint(0, len(shapes) - 2))
    random.shuffle(shapes)
    return shapes


def _placed(shapes: list[str], frame: Frame, random: Random) -> list[SceneObject]:
    """Place objects one by one; stop if there is no room for the next."""
    palette = random.sample(tuple(COLORS), k=COLORS_PER_SCENE)
    objects: list[SceneObject] = []
    for shape in shapes:
        size = random.choices(tuple(SIZES), SIZE_WEIGHTS)[0]
        color = random.choice(palette)
        shade = _varied_shade(COLORS[color], random)
        for _ in range(PLACE_ATTEMPTS):
            candidate = _random_object(shape, size, color, shade, frame, random)
            if all(_covered(candidate, other) <= MAX_COVERED for other in objects):
                objects.append(candidate)
                break
        else:
            break
    return objects


def _random_object(
    shape: str, size: str, color: str, shade: RGB, frame: Frame, random: Random
) -> SceneObject:
    """Return an object at a random position on a grid of half pixels, perhaps across the border."""
    smallest, largest = SIZES[size]
    side = round(2 * frame.width * random.uniform(smallest, largest)) / 2
    may_be_cut = (
        size != "small" and random.random() < CUT_SHARE
    )  # small objects would nearly vanish
    outside = CUT_DEPTH * side if may_be_cut else 0.0
    left = random.uniform(-outside, frame.width - side + outside)
    top = random.uniform(-outside, frame.height - side + outside)
    return SceneObject(
        shape, size, color, shade, round(2 * left) / 2, round(2 * top) / 2, side, frame
    )


def _varied_shade(rgb: RGB, random: Random) -> RGB:
    """Return a slightly lighter or darker shade of almost the same color."""
    lighter = random.randint(-12, 12)
    red, green, blue = (
        min(255, max(0, channel + lighter + random.randint(-6, 6))) for channel in rgb
    )
    return red, green, blue


def _covered(one: SceneObject, other: SceneObject) -> float:
    """Return the intersection of the full squares of two objects, relative to the smaller one."""
    width = min(one.left + one.side, other.left + other.side) - max(one.left, other.left)
    height = min(one.top + one.side, other.top + other.side) - max(one.top, other.top)
    return max(width, 0.0) * max(height, 0.0) / min(one.side, other.side) ** 2
