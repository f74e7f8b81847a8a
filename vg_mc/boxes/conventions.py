"""Conventions of box files: order and unit of the four numbers, and checks which ones are possible.

A box read in the wrong order or unit is often still a box inside its image, so all boxes of a file
are checked together. A convention is possible if the boxes stay inside their images. Percentages
read as pixels also stay inside, but fill a corner of the image only, and end exactly where the
numbers of percentages end; such evidence makes a convention implausible. Targets of expressions are
never compared with predictions for this check.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import exp
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes, xywh_to_xyxy

Order = Literal["xyxy", "xywh", "cxcywh", "yxyx"]
Unit = Literal["pixels", "unit", "percent", "per-mille"]
ORDERS: tuple[Order, ...] = get_args(Order)
UNITS: tuple[Unit, ...] = get_args(Unit)

# Names of four fields with the numbers of a box; the first four that are there count.
NAMED_SIDES: dict[tuple[str, ...], Order] = {
    ("x_min", "y_min", "x_max", "y_max"): "xyxy",
    ("xmin", "ymin", "xmax", "ymax"): "xyxy",
    ("x1", "y1", "x2", "y2"): "xyxy",
    ("left", "top", "right", "bottom"): "xyxy",
    ("left", "top", "width", "height"): "xywh",
    ("x", "y", "width", "height"): "xywh",
    ("x", "y", "w", "h"): "xywh",
    ("cx", "cy", "w", "h"): "cxcywh",
}

SIDE_OF_UNIT: dict[Unit, float] = {"unit": 1.0, "percent": 100.0, "per-mille": 1000.0}

Sizes = NDArray[np.float64]  # (N, 2), width and height of the image of each box

SLIP = 0.02  # tolerance as a fraction of the image side, plus one pixel
MOST_OUTSIDE = 0.05  # share of the boxes of a file; more are not due to careless drawing
CARELESS = 2  # this many boxes of a file are not too many; of fewer than FEW boxes, one is not
FEW = 8
MAY_BE_OUTSIDE = 0.1  # up to this share of the boxes, a convention is unlikely, but not excluded
CORNER = 0.025  # boxes that all lie within this fraction of both sides are in another unit
CORNER_PIXELS = 2.5
LEAST_LIKELY = 1e-3  # probability below which a convention is implausible

CLEARLY_BEYOND = 1.15  # a unit allows clearly larger numbers if they may be this many times larger
WIDELY = 0.75  # boxes that reach this fraction of both sides fill their images
FAR_LESS = 0.25  # equal boxes of several images count as several if they cover this much less
NEAR = 0.1  # fraction of the image side before an edge in which boxes are counted
MOST_NEAR = 0.8  # share of the boxes; more are objects of one place, such as a logo


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
    """Return True if (almost) all boxes stay inside their images under `convention`.

    Several boxes without a number above 1 are not in pixels.
    """
    count = int(outside(convention.to_xyxy(numbers, sizes), sizes).sum())
    if convention.unit == "pixels" and len(numbers) > CARELESS and (numbers <= 1).all():
        return False
    return count <= max(CARELESS, MOST_OUTSIDE * len(numbers))


def plausible_conventions(
    numbers: Boxes,  # (N, 4)
    sizes: Sizes,  # (N, 2)
    images: Sequence[object],  # N keys of images
    *,
    orders: Sequence[Order] = ORDERS,
    units: Sequence[Unit] = UNITS,
) -> list[BoxConvention]:
    """Return the conventions that explain where the boxes lie.

    A convention is excluded if

    - too many boxes exceed their images, or all lie within the outermost hundredth of them;
    - the boxes extend so much further into their images under another one that chance does not
      explain the difference; this does not exclude pixels, since a file may contain nothing but
      small objects in a corner;
    - the boxes end exactly at the edges of the images under another one.

    Args:
        numbers: All boxes of the file, as written.
        sizes: Width and height of their images in pixels.
        images: The image of each box; equal boxes of one image count once.
        orders: Orders to consider; one if it is declared.
        units: Units to consider; one if it is declared.
    """
    rows = list({(image, *box): row for row, (image, box) in
                 enumerate(zip(images, numbers.tolist(), strict=True))}.values())  # fmt: skip
    numbers, sizes = numbers[rows], sizes[rows]
    readings = [
        reading
        for unit, order in product(units, orders)
        if (reading := _Reading.of(numbers, sizes, BoxConvention(order, unit))).fits
    ]
    if not len(numbers):
        return [reading.convention for reading in readings]
    distinct = len(np.unique(numbers, axis=0))
    return [
        one.convention
        for one in readings
        if not any(other.excludes(one, distinct) for other in readings if other is not one)
    ]


@dataclass(frozen=True, slots=True)
class _Reading:
    """The boxes of a file in one convention.

    Attributes:
        ends: Right and bottom edge of each box as fractions of the image side, (N, 2).
        sides: Width and height of the image of each box in the unit, (N, 2).
        outside: Which boxes exceed their images, (N,).
    """

    convention: BoxConvention
    ends: NDArray[np.float64]
    sides: NDArray[np.float64]
    outside: NDArray[np.bool_]

    @classmethod
    def of(cls, numbers: Boxes, sizes: Sizes, convention: BoxConvention) -> "_Reading":
        corners = convention.to_xyxy(numbers, sizes)
        side = SIDE_OF_UNIT.get(convention.unit)
        sides = sizes if side is None else np.full_like(sizes, side)
        return cls(convention, corners[:, 2:] / sizes, sides, outside(corners, sizes))

    @property
    def fits(self) -> bool:
        """Whether the boxes stay inside their images, and do not all lie in one corner."""
        count = len(self.ends)
        careless = min(1, count - 1) if count < FEW else max(CARELESS, MAY_BE_OUTSIDE * count)
        return not count or (int(self.outside.sum()) <= careless and self.leaves_corner)

    @property
    def reach(self) -> NDArray[np.float64]:
        """The extent of the boxes along x and y as fractions of the side, ignoring outliers."""
        return np.clip(np.quantile(self.ends, 1 - MOST_OUTSIDE, axis=0), 1e-9, 1)

    @property
    def leaves_corner(self) -> bool:
        """Whether some boxes lie outside of the smallest corner that a file can be about."""
        if self.convention.unit == "unit":
            return True  # larger numbers would not be fractions
        corner = CORNER_PIXELS / self.sides if self.convention.unit == "pixels" else CORNER
        return bool((np.quantile(self.ends - corner, 1 - MOST_OUTSIDE, axis=0) > 0).any())

    def excludes(self, other: "_Reading", distinct: int) -> bool:
        """Return True if the boxes are explained by this reading and not by `other`.

        Args:
            other: Another reading of the same boxes.
            distinct: Number of boxes that differ in their numbers.
        """
        larger = bool((other.sides > CLEARLY_BEYOND * self.sides).all())
        if larger and other.convention.unit != "pixels" and (self.reach > WIDELY).all():
            share = float(np.prod(other.reach / self.reach))
            independent = len(self.ends) if share < FAR_LESS else distinct
            if share**independent < LEAST_LIKELY:
                return True
        return _edges_by_chance(self, other) < LEAST_LIKELY


def _edges_by_chance(one: _Reading, other: _Reading) -> float:
    """Return the probability that boxes end at the edges of `one` if `other` is right.

    Where numbers may be clearly larger under `other`, an edge of `one` means nothing: boxes would
    end as often behind it as before it, and the largest number would be anywhere.
    """
    transposed = (one.convention.order == "yxyx") != (other.convention.order == "yxyx")
    sides = other.sides[:, ::-1] if transposed else other.sides
    probability = 1.0
    for axis in (0, 1):
        may_exceed = sides[:, axis] > CLEARLY_BEYOND * one.sides[:, axis]
        if not may_exceed.any():
            continue
        ends = np.unique(one.ends[may_exceed, axis])
        inside = ends <= 1 + SLIP
        before, behind = int((ends[inside] > 1 - NEAR).sum()), int((~inside).sum())
        if behind < before <= MOST_NEAR * len(ends):
            gap = max(0.0, 1 - float(ends[inside].max())) + NEAR / before
            as_often = exp(-((before - behind) ** 2) / (2 * (before + behind)))  # Hoeffding
            probability *= min(1.0, max(gap, as_often))
    return probability
