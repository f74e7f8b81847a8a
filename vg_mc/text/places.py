"""Rules for words of place, such as "left" and "second from right".

Only places in the whole image count. "Left of the dog" is relative to the dog and is ignored.
"""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes

Values = NDArray[np.float64]

HORIZONTAL, VERTICAL = 0, 1


class Goal(NamedTuple):
    """A position on an axis: 0 is left or top, 1 is right or bottom."""

    axis: int
    at: float


_GOALS = {
    word: goal
    for goal, words in (
        (Goal(HORIZONTAL, 0.0), "left leftmost lft"),
        (Goal(HORIZONTAL, 1.0), "right rightmost rt"),
        (Goal(HORIZONTAL, 0.5), "middle center centre central"),
        (Goal(VERTICAL, 0.0), "top topmost upper highest"),
        (Goal(VERTICAL, 1.0), "bottom bottommost lower lowest"),
    )
    for word in words.split()
}
_PLACES = {
    ordinal: place
    for place, ordinals in enumerate(
        ("first 1st", "second 2nd", "third 3rd", "fourth 4th", "fifth 5th")
    )
    for ordinal in ordinals.split()
}
_PHOTO = r"(?:the |this )?(?:photo|picture|pic|image|screen|frame|shot)\b"
_GOAL = re.compile(rf"\b({'|'.join(_GOALS)})\b(?! of (?!{_PHOTO}))")
# Words that refer to the borders of the image, or count from them.
_BORDER = re.compile(
    rf"\b({'|'.join(_PLACES)}|last|corner|edge|border|far|furthest|farthest|outer)\b"
)
_ORDER = re.compile(
    rf"\b({'|'.join(_PLACES)})\b[^,]*?\bfrom (?:the )?(?:far )?(left|right|top|bottom)\b"
)


def names_place(text: str) -> bool:
    """Return whether a text names a place in the whole image, which a crop would change.

    "Left of the dog" is relative to the dog and does not count.
    """
    lowered = text.lower()
    return bool(_GOAL.search(lowered) or _BORDER.search(lowered))


def place_values(text: str, boxes: Boxes, photo_size: tuple[float, float]) -> Values:
    """Return how well boxes (C, 4) match the places in `text`: 0 at best, all 0 without places.

    The center of a box counts. A side contributes minus the distance to it, as a fraction of the
    image's width or height; several sides are added. "Second from left" contributes minus the
    number of boxes between the box and that place.

    Args:
        text: The expression, in any letter case.
        boxes: The candidates to compare, in pixels.
        photo_size: Width and height in pixels.
    """
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 / np.array(photo_size)
    lowered = text.lower()
    values = np.zeros(len(boxes))
    for ordinal, side in _ORDER.findall(lowered):
        axis, end = _GOALS[side]
        along = np.abs(centres[:, axis] - end)
        values -= np.abs(np.argsort(np.argsort(along, kind="stable")) - _PLACES[ordinal])
    for word in _GOAL.findall(_ORDER.sub("", lowered)):
        axis, at = _GOALS[word]
        values -= np.abs(centres[:, axis] - at)
    return values
