"""Augmentation of whole images for box predictors: crops, scales and positions.

Draws depend only on the seed, the epoch and the image. A crop contains the target of one random
expression of its image; other expressions use it if it shows their target and they name no place in
the image, which the crop would change. The rest see the whole image of the same draw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.boxes.transforms import Compose, Crop, Fit, HorizontalFlip, Placed, Transform
from vg_mc.system.options import FRACTION, Range

PURPOSE = 2  # separates the random draws of this module from those of others
# The published code was written for inputs of 640 pixels; at 224 the last scale has 32 pixels.
PUBLISHED_SHARES = tuple(1 - step / 7 for step in range(7))


@dataclass(frozen=True, slots=True)
class GeometryOptions:
    """Augmentation of whole images."""

    crop: Annotated[float, FRACTION] = 0.0
    """Probability of a random crop around a target; expressions that name a place in the image, or
    whose target is cut off, see the whole image."""

    crop_keep: Annotated[float, Range(0, 1, above=True)] = 1.0
    """Smallest visible share of a target in a crop; its box is clipped to the crop."""

    smallest_scale: Annotated[float, Range(0, 1, above=True)] = 1.0
    """Images are scaled down by a random factor from this to 1."""

    translate: bool = False
    """Place images at a random position of the input instead of its center."""


class Placement(NamedTuple):
    """Draw of one image and epoch: the transforms of the whole image and of its crop."""

    whole: Transform
    window: Crop | None
    cropped: Transform | None


def draw_placement(
    size: tuple[int, int],
    targets: Boxes,  # (B, 4), that a crop may be drawn around
    options: GeometryOptions,
    *,
    side: int,
    fit: Fit,
    mirrored: bool,
    key: Sequence[int],
    published: bool = False,
) -> Placement:
    """Draw the geometry of an image in an epoch.

    Args:
        size: Width and height of the image.
        targets: Boxes in pixels of the image; the crop contains one of them.
        options: The options.
        side: Side of the input in pixels.
        fit: How images become square.
        mirrored: Whether the image is flipped.
        key: Seed, epoch and image id.
        published: Whether scales are those of the published code of CLIP-VG.
    """
    generator = np.random.default_rng([*key, PURPOSE])
    share = generator.uniform(options.smallest_scale, 1)
    if published and options.smallest_scale < 1:
        share = PUBLISHED_SHARES[generator.integers(len(PUBLISHED_SHARES))]
    across, down = generator.random(2) if options.translate else (0.5, 0.5)
    last = Placed(side, fit, float(share), (float(across), float(down)))
    steps: tuple[Transform, ...] = (HorizontalFlip(), last) if mirrored else (last,)
    window = None
    if generator.random() < options.crop and len(targets):
        window = _window(size, targets[generator.integers(len(targets))].tolist(), generator)
    cropped = None if window is None else Compose((window, *steps))
    return Placement(Compose(steps), window, cropped)


def _window(size: tuple[int, int], target: Sequence[float], generator: np.random.Generator) -> Crop:
    """Draw a window of whole pixels that contains a target."""
    left, top = (int(generator.uniform(0, max(0.0, start))) for start in target[:2])
    right, bottom = (
        int(np.ceil(generator.uniform(min(end, extent), extent)))
        for end, extent in zip(target[2:], size, strict=True)
    )
    return Crop(left, top, max(right, left + 1), max(bottom, top + 1))
