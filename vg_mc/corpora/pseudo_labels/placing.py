"""Words for the place of an object among the objects of the same kind.

The rules are those of Pseudo-Q (https://github.com/LeapLabTHU/Pseudo-Q), with two changes: the
spread that an axis needs is relative to the side of the image rather than 50 pixels, and "top" is
compared with the height of the image, not with its width.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes, areas

SPREAD = 0.08  # of the side of the image
DEPTH = 0.4  # largest ratio of areas of objects at different depths
FRONT = 0.8  # of the largest area
FEW = 3  # of more objects, those between the ends get words, too

Values = NDArray[np.float64]
Words = set[str]

IN_BETWEEN = ("middle", "center")
PREPOSITIONS = {
    "left": "on the",
    "right": "on the",
    "front": "in the",
    "behind": "in the",
    "middle": "in the",
    "center": "in the",
}


def place_words(
    boxes: Boxes,  # (N, 4)
    size: tuple[int, int],
) -> list[Words]:
    """Return words for the place of each of N objects of one kind; none for a single object.

    Args:
        boxes: The boxes in pixels.
        size: Width and height of the image.
    """
    words: list[Words] = [set() for _ in range(len(boxes))]
    if len(boxes) < 2:
        return words
    centers = (boxes[:, :2] + boxes[:, 2:]) / 2 / np.array(size)
    _add_along(words, centers[:, 0], "left", "right", IN_BETWEEN)
    _add_along(words, centers[:, 1], "top", "bottom", ())
    _add_depth(words, areas(boxes))
    return words


def _add_along(
    words: list[Words], centers: Values, first: str, last: str, between: Sequence[str]
) -> None:
    """Add the words of an axis, given centers as fractions of the side of the image."""
    if centers.max() - centers.min() <= SPREAD:
        return
    ends = _extremes(centers)
    for place, word in zip(ends, (first, last), strict=True):
        if place is not None:
            words[place].add(word)
    others = [row for row in range(len(centers)) if row not in ends]
    if len(centers) == FEW and len(others) == 1:
        words[others[0]].update(between)
    if len(centers) > FEW:
        for row in others:
            at = centers[row]
            words[row].update([last] if at > 3 / 4 else [first] if at < 1 / 4 else between)


def _add_depth(words: list[Words], sizes: Values) -> None:
    if not sizes.min() / sizes.max() < DEPTH:
        return
    ends = _extremes(sizes)
    for place, word in zip(ends, ("behind", "front"), strict=True):
        if place is not None:
            words[place].add(word)
    if len(sizes) > FEW:
        for row in range(len(sizes)):
            share = sizes[row] / sizes.max()
            if row not in ends and (share < DEPTH or share > FRONT):
                words[row].add("behind" if share < DEPTH else "front")


def _extremes(values: Values) -> tuple[int | None, int | None]:
    """Return the rows of the smallest and of the largest value, None where several are equal."""
    low, high = (np.flatnonzero(values == end) for end in (values.min(), values.max()))
    return (
        int(low[0]) if len(low) == 1 else None,
        int(high[0]) if len(high) == 1 else None,
    )
