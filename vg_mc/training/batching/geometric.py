"""Random geometry of whole images: flips, crops that keep all targets, scales and translations.

It is drawn once per image and epoch, so all expressions of an image share one model input. Colors
are varied by `vg_mc.training.batching.augmentation`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from vg_mc.boxes.arithmetic import Boxes, as_boxes
from vg_mc.boxes.transforms import Compose, Crop, Fit, HorizontalFlip, Resize, Size, longer_side
from vg_mc.system.options import FRACTION, Range
from vg_mc.text.word_kinds import WordKind, word_kinds

PURPOSE = 2  # separates these draws from those of colors and candidates
ABSOLUTE = frozenset({WordKind.PLACE, WordKind.ORDINAL})

Window = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class GeometryOptions:
    """Random geometry of whole images, for models that predict a box."""

    crop: Annotated[float, FRACTION] = 0.0
    """Probability that an image is cropped. All targets stay inside; an image with an expression
    that names a place or an order, such as "left" or "second", is never cropped."""

    smallest_crop: Annotated[float, Range(0, 1, above=True)] = 0.6
    """Smallest width and height of a crop, as a fraction of those of the image."""

    smallest_scale: Annotated[float, Range(0, 1, above=True)] = 1.0
    """Smallest size of an image in the model input, as a fraction of the largest that fits."""

    translate: bool = False
    """Place images at random in the model input instead of in its center."""


def draw_geometry(
    options: GeometryOptions,
    size: Size,
    targets: Boxes,  # (N, 4)
    texts: Sequence[str],
    *,
    side: int,
    fit: Fit,
    flip: bool,
    key: Sequence[int],
) -> Compose:
    """Draw the transform from an image to a square model input.

    Without random options, it is `FITS[fit](side)`.

    Args:
        options: Probabilities and ranges.
        size: Width and height of the image.
        targets: Targets of all expressions of the image, in its pixels.
        texts: All expressions of the image.
        side: Side of the model input in pixels.
        fit: How the image fills the input.
        flip: Whether the image is flipped first.
        key: Seed, epoch and image id.
    """
    generator = np.random.default_rng([*key, PURPOSE])
    left, top, right, bottom = _window(options, size, targets, texts, generator)
    cropped = (right - left, bottom - top)
    inner = _inner(cropped, side * generator.uniform(options.smallest_scale, 1), fit)
    x, y = _offsets((side - inner[0], side - inner[1]), options, generator)
    steps = [
        Crop(left, top, right, bottom) if cropped != size else None,
        HorizontalFlip() if flip else None,
        Resize(inner),
        Crop(-x, -y, side - x, side - y) if inner != (side, side) else None,
    ]
    return Compose(tuple(step for step in steps if step is not None))


def _window(
    options: GeometryOptions,
    size: Size,
    targets: Boxes,
    texts: Sequence[str],
    generator: np.random.Generator,
) -> Window:
    """Return the part of the image that stays; the whole image if it is not cropped."""
    chance, *draws = generator.random(5)
    if chance >= options.crop or any(word_kinds(text) & ABSOLUTE for text in texts):
        return 0, 0, *size
    needed = as_boxes(targets)
    starts, ends = np.floor(needed[:, :2].min(axis=0)), np.ceil(needed[:, 2:].max(axis=0))
    spans = [
        _span(size[axis], int(starts[axis]), int(ends[axis]), options.smallest_crop, *pair)
        for axis, pair in enumerate((draws[:2], draws[2:]))
    ]
    (left, right), (top, bottom) = spans
    return left, top, right, bottom


def _span(
    length: int, start: int, end: int, smallest: float, extent: float, offset: float
) -> tuple[int, int]:
    """Return a span of an axis of `length` pixels that contains `start` to `end`.

    Args:
        length: Width or height of the image.
        start: First pixel to keep.
        end: One after the last pixel to keep.
        smallest: Smallest span, as a fraction of `length`.
        extent: A uniform draw from [0, 1) of the size of the span.
        offset: A uniform draw from [0, 1) of its place.
    """
    start, end = max(0, start), min(length, end)
    least = max(1, round(smallest * length), end - start)
    span = least + int(extent * (length - least + 1))
    first, last = max(0, end - span), min(start, length - span)
    begin = first + int(offset * (last - first + 1))
    return begin, begin + span


def _offsets(free: Size, options: GeometryOptions, generator: np.random.Generator) -> Size:
    """Return the place of the image in the input, given the number of `free` pixels."""
    if not options.translate:
        return free[0] // 2, free[1] // 2
    x, y = generator.integers([0, 0], [free[0] + 1, free[1] + 1]).tolist()
    return x, y


def _inner(size: Size, side: float, fit: Fit) -> Size:
    whole = max(1, round(side))
    return (whole, whole) if fit == "squash" else longer_side(size, whole)
