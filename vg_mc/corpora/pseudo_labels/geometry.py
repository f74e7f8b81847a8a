"""Relations of two boxes that follow from geometry, such as left of, in and bigger than."""

from collections.abc import Callable

from vg_mc.boxes.arithmetic import areas, as_boxes, intersections
from vg_mc.records import XYXY

INSIDE = 0.9  # share of a box within another
NEAR = 0.5  # largest gap, as a fraction of the larger side of the smaller box
TOUCHING = 0.1  # largest gap or overlap in height, as a fraction of the height of the upper box
BIGGER = 2.0  # least ratio of areas

Relation = Callable[[XYXY, XYXY], bool]


def left_of(box: XYXY, other: XYXY) -> bool:
    """Return whether `box` ends before `other` begins, at similar heights."""
    return box[2] <= other[0] and _overlap(box, other, 1) > 0


def right_of(box: XYXY, other: XYXY) -> bool:
    """Return whether `box` begins after `other` ends, at similar heights."""
    return left_of(other, box)


def above(box: XYXY, other: XYXY) -> bool:
    """Return whether `box` ends above the top of `other`, one over the other."""
    return box[3] <= other[1] and _overlap(box, other, 0) > 0


def below(box: XYXY, other: XYXY) -> bool:
    """Return whether `box` begins under the bottom of `other`, one under the other."""
    return above(other, box)


def inside(box: XYXY, other: XYXY) -> bool:
    """Return whether almost all of `box` is in a larger `other`."""
    own, whole = _area(box), _area(other)
    shared = float(intersections(as_boxes(box), as_boxes(other))[0, 0])
    return own < whole and shared >= INSIDE * own


def on(box: XYXY, other: XYXY) -> bool:
    """Return whether the bottom of `box` touches the top of `other`, with most of it over it."""
    gap = abs(box[3] - other[1]) <= TOUCHING * (box[3] - box[1])
    return gap and _overlap(box, other, 0) >= 0.5 * (box[2] - box[0])


def next_to(box: XYXY, other: XYXY) -> bool:
    """Return whether the boxes stand side by side with a small gap."""
    gap = max(other[0] - box[2], box[0] - other[2])
    smaller = min(box, other, key=_area)
    side = max(smaller[2] - smaller[0], smaller[3] - smaller[1])
    beside = _overlap(box, other, 1) >= 0.5 * min(box[3] - box[1], other[3] - other[1])
    return 0 <= gap <= NEAR * side and beside


def bigger_than(box: XYXY, other: XYXY) -> bool:
    """Return whether `box` has at least twice the area."""
    return _area(box) >= BIGGER * _area(other)


def smaller_than(box: XYXY, other: XYXY) -> bool:
    """Return whether `box` has at most half of the area."""
    return bigger_than(other, box)


RELATIONS: dict[str, Relation] = {
    "left of": left_of,
    "right of": right_of,
    "above": above,
    "below": below,
    "in": inside,
    "on": on,
    "next to": next_to,
    "bigger than": bigger_than,
    "smaller than": smaller_than,
}


def _area(box: XYXY) -> float:
    return float(areas(as_boxes(box))[0])


def _overlap(box: XYXY, other: XYXY, axis: int) -> float:
    """Return the common extent of both boxes along an axis, 0 without one."""
    return max(0.0, min(box[axis + 2], other[axis + 2]) - max(box[axis], other[axis]))
