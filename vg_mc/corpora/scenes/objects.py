"""Objects of a scene: colored shapes with position, size and visible box."""

from dataclasses import dataclass
from functools import cached_property
from math import cos, pi, sin
from typing import NamedTuple

from vg_mc.records import XYXY

Point = tuple[float, float]
RGB = tuple[int, int, int]

# Far apart in hue or lightness, so that no variation confuses two of them.
COLORS: dict[str, RGB] = {
    "red": (212, 32, 40),
    "green": (30, 150, 62),
    "blue": (42, 88, 220),
    "yellow": (250, 222, 48),
    "purple": (148, 58, 190),
    "orange": (250, 134, 22),
    "white": (242, 242, 242),
}

# Sides relative to the scene's width. The gaps are wide, so that "small" is unambiguous. The
# smallest is still 10 pixels wide in an image of 64: a marker's outline does not hide its shape.
SIZES: dict[str, tuple[float, float]] = {
    "small": (0.155, 0.17),
    "medium": (0.22, 0.24),
    "big": (0.31, 0.34),
}


def _star() -> list[Point]:
    """Return a star of five points, scaled to touch all four sides of its square."""
    radii = [1.0, 0.46] * 5
    points = [
        (radius * sin(step * pi / 5), -radius * cos(step * pi / 5))
        for step, radius in enumerate(radii)
    ]
    left, top = min(x for x, _ in points), min(y for _, y in points)
    width, height = max(x for x, _ in points) - left, max(y for _, y in points) - top
    return [((x - left) / width, (y - top) / height) for x, y in points]


def _cross(arm: float) -> list[Point]:
    """Return a plus sign with arms of width `arm`."""
    near, far = (1 - arm) / 2, (1 + arm) / 2
    quarter = [(near, 0.0), (far, 0.0), (far, near)]
    corners = []
    for _ in range(4):
        corners += quarter
        quarter = [(1 - y, x) for x, y in quarter]
    return corners


# Corners in the unit square; each shape touches its four sides. A circle has no corners.
CORNERS: dict[str, list[Point]] = {
    "circle": [],
    "square": [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)],
    "triangle": [(0.5, 0.0), (1.0, 1.0), (0.0, 1.0)],
    "star": _star(),
    "cross": _cross(0.36),
}
SHAPES = tuple(CORNERS)


def _filled_share(corners: list[Point]) -> float:
    """Return the share of the unit square that a shape covers (the shoelace formula)."""
    if not corners:
        return pi / 4
    following = corners[1:] + corners[:1]
    return (
        abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(corners, following, strict=True)))
        / 2
    )


FILLED_SHARES = {shape: _filled_share(corners) for shape, corners in CORNERS.items()}


class Frame(NamedTuple):
    """Width and height of a scene in pixels."""

    width: int
    height: int


@dataclass(frozen=True)
class SceneObject:
    """A shape in a scene.

    Attributes:
        size: Name of its size class.
        color: Name of its color; `rgb` is the exact shade.
        left: Left side of its full square in pixels, which may be outside the frame.
        side: Side of that square in pixels.
    """

    shape: str
    size: str
    color: str
    rgb: RGB
    left: float
    top: float
    side: float
    frame: Frame

    @property
    def area(self) -> float:
        """Area of the whole shape in square pixels, including hidden parts."""
        return FILLED_SHARES[self.shape] * self.side**2

    @cached_property
    def box(self) -> XYXY:
        """The full square clipped to the frame."""
        return (
            max(self.left, 0.0),
            max(self.top, 0.0),
            min(self.left + self.side, float(self.frame.width)),
            min(self.top + self.side, float(self.frame.height)),
        )

    @cached_property
    def center(self) -> Point:
        """Center of the box."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    @cached_property
    def length(self) -> float:
        """Longer side of the box, the size of an object that the border may cut."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)
