"""Augmentation of images: horizontal flips and color jitter, drawn once per image and epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vg_mc.system.options import FRACTION

Pixels = NDArray[np.uint8]

# Separates the random draws of this module from those of candidates.
PURPOSE = 1
GREY = 127.5
LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # of red, green, blue; ITU-R BT.601


@dataclass(frozen=True, slots=True)
class AugmentationOptions:
    """Augmentation of images, the same for all candidates of an image."""

    flip: Annotated[float, FRACTION] = 0.0
    """Probability that an image is flipped, with left and right swapped in its expressions."""

    color_jitter: Annotated[float, FRACTION] = 0.0
    """Largest change of brightness, contrast and saturation, marker included."""


class Variation(NamedTuple):
    """Augmentation of one image; a factor of 1 changes nothing."""

    mirrored: bool
    brightness: float
    contrast: float
    saturation: float


def draw_variation(flip: float, color_jitter: float, key: Sequence[int]) -> Variation:
    """Draw the augmentation of an image in an epoch.

    Args:
        flip: Probability of a horizontal flip.
        color_jitter: Factors are drawn uniformly from 1 - `color_jitter` to 1 + `color_jitter`.
        key: Seed, epoch and image id.
    """
    generator = np.random.default_rng([*key, PURPOSE])
    mirrored = generator.random() < flip
    factors = generator.uniform(1 - color_jitter, 1 + color_jitter, size=3)
    return Variation(bool(mirrored), *map(float, factors))


def varied(pictures: Pixels, variation: Variation) -> Pixels:
    """Return `pictures` (N, H, W, 3) with `variation` applied.

    Contrast is changed around a medium grey. The mean of each candidate image depends on its
    marker, and the candidates of an image must differ in the marker only.
    """
    if variation.mirrored:
        pictures = pictures[:, :, ::-1]
    _, brightness, contrast, saturation = variation
    if brightness == contrast == saturation == 1:
        return pictures
    mixed = saturation * np.eye(3, dtype=np.float32) + (1 - saturation) * LUMINANCE
    colors = pictures @ (brightness * contrast * mixed.T) + GREY * (1 - contrast)
    return np.clip(np.rint(colors), 0, 255).astype(np.uint8)
