"""Conventions of box files: order and unit of the four numbers, and checks which ones are possible.

A box read in the wrong order or unit is often still a box inside its image, so all boxes of a file
are checked together. A convention is possible if the boxes stay inside their images, and plausible
if they also extend far enough into them: percentages read as pixels, for instance, stay inside, but
all of them are in the top left corner. Targets of expressions are never used for this check.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes, xywh_to_xyxy

Order = Literal["xyxy", "xywh", "cxcywh", "yxyx"]
Unit = Literal["pixels", "unit", "percent", "per-mille"]
ORDERS: tuple[Order, ...] = get_args(Order)
UNITS: tuple[Unit, ...] = get_args(Unit)

SIDE_OF_UNIT: dict[Unit, float] = {"unit": 1.0, "percent": 100.0, "per-mille": 1000.0}

Sizes = NDArray[np.float64]  # (N, 2), width and height of the image of each box

SLIP = 0.02  # tolerance as a fraction of the image side, plus one pixel
MOST_OUTSIDE = 0.05  # share of the boxes of a file
# If boxes extend r times as far into their images as under another convention, the probability of
# that is about r for one box and r ** N for N different boxes.
LEAST_LIKELY = 1e-3


@dataclass(frozen=True, slots=True)
class BoxConvention:
    """The convention in which boxes are written.

    Attributes:
        order: Corners, top left corner and sides, center and sides, or corners with y first.
        unit: Pixels of the image, or fractions of its sides scaled to 1, 100 or 1000.
    """

    order: Order = "xyxy"
    unit: Unit = "pixels"

    def __str__(self) -> str:
        """Format both for messages and manifests."""
        return f"{self.order} in {self.unit}"

    def to_xyxy(
        self,
        numbers: Boxes,  # (N, 4)
        sizes: Sizes,  # (N, 2)
    ) -> Boxes:
        """Convert boxes to corners in pixels, (N, 4)."""
        if self.order == "yxyx":
            numbers = numbers[:, [1, 0, 3, 2]]
        if self.unit != "pixels":
            numbers = numbers * np.tile(sizes, 2) / SIDE_OF_UNIT[self.unit]
        if self.order == "cxcywh":
            numbers = np.concatenate([numbers[:, :2] - numbers[:, 2:] / 2, numbers[:, 2:]], axis=1)
        return xywh_to_xyxy(numbers) if self.order in ("xywh", "cxcywh") else numbers


def outside(
    corners: Boxes,  # (N, 4)
    sizes: Sizes,  # (N, 2)
) -> NDArray[np.bool_]:
    """Return which boxes exceed their images clearly or have swapped corners, (N,)."""
    slip = SLIP * sizes + 1
    beyond = (corners[:, :2] < -slip) | (corners[:, 2:] > sizes + slip)
    swapped = corners[:, 2:] < corners[:, :2]
    return np.asarray((beyond | swapped).any(axis=1))


def is_possible(numbers: Boxes, convention: BoxConvention, sizes: Sizes) -> bool:
    """Return True if (almost) all boxes stay inside their images under `convention`."""
    corners = convention.to_xyxy(numbers, sizes)
    return int(outside(corners, sizes).sum()) <= MOST_OUTSIDE * len(numbers)


def plausible_conventions(
    numbers: Boxes,  # (N, 4)
    sizes: Sizes,  # (N, 2)
    images: Sequence[object],  # N keys of images
    *,
    orders: Sequence[Order] = ORDERS,
    units: Sequence[Unit] = UNITS,
) -> list[BoxConvention]:
    """Return the possible conventions that do not place all boxes near a corner.

    A convention is excluded if the boxes extend so much further into their images under another one
    that chance does not explain the difference.

    Args:
        numbers: All boxes of the file, as written.
        sizes: Width and height of their images in pixels.
        images: The image of each box; equal boxes of one image count once.
        orders: Orders to consider; one if it is declared.
        units: Units to consider; one if it is declared.
    """
    readings = (BoxConvention(order, unit) for unit, order in product(units, orders))
    reaches = {
        each: _reach(each.to_xyxy(numbers, sizes), sizes)
        for each in readings
        if is_possible(numbers, each, sizes)
    }
    farthest = max(reaches.values(), default=1.0)
    different = len({(image, *box) for image, box in zip(images, numbers.tolist(), strict=True)})
    return [
        each for each, reach in reaches.items() if (reach / farthest) ** different >= LEAST_LIKELY
    ]


def _reach(corners: Boxes, sizes: Sizes) -> float:
    """Return the extent of boxes as a fraction of the image side, ignoring outliers."""
    if not len(corners):
        return 1.0
    ends = (corners[:, 2:] / sizes).max(axis=1)
    return float(np.clip(np.quantile(ends, 1 - MOST_OUTSIDE), 1e-9, 1))
