"""Where in the photo an expression points: words like "left" and "second from right" as a rule.

Only words about the whole photo count. "Left of the dog" is about the dog, and is left alone.
"""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes

Values = NDArray[np.float64]

HORIZONTAL, VERTICAL = 0, 1


class Goal(NamedTuple):
    """Where on an axis something is said to be: 0 is left or top, 1 is right or bottom."""

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
_ORDER = re.compile(
    rf"\b({'|'.join(_PLACES)})\b[^,]*?\bfrom (?:the )?(?:far )?(left|right|top|bottom)\b"
)


def place_values(text: str, boxes: Boxes, photo_size: tuple[float, float]) -> Values:
    """Say how well boxes (C, 4) lie where `text` says, 0 at best; all 0 if it says nothing.

    The centre of a box counts. A side is worth minus the distance to it in widths or heights of the
    photo, several sides their sum; "second from left" minus the distance to the second place among
    these boxes.

    Args:
        text: What is said, in any letter case.
        boxes: The boxes that are meant to differ in place alone, in pixels.
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
