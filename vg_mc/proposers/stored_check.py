"""Check the declared convention of stored detections against the sizes of their images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.boxes.conventions import (
    CARELESS,
    LEAST_LIKELY,
    MOST_OUTSIDE,
    BoxConvention,
    Sizes,
    outside,
    plausible_conventions,
)
from vg_mc.errors import BadInputError
from vg_mc.proposers.stored import ORDER_FLAG, UNIT_FLAG, StoredDetections

MOST_COMPARED = 20_000  # boxes, evenly distributed over the file; more would decide the same
ACROSS = 0.75  # fraction of the side that detections extend to
TINY = 1e-9
FEWEST_JUDGED = 20  # with fewer boxes, single ones may exceed their images


def require_fit(
    stored: StoredDetections,
    numbers: Boxes,  # (N, 4)
    sizes: Sizes,  # (N, 2)
    images: Sequence[int],  # N numbers of images
) -> None:
    """Check that detections of images of known size are in the declared convention.

    Detectors clip boxes to their images, so boxes outside are the exception. A layout declares its
    convention, which is not replaced by another one that fits as well.

    Args:
        stored: All detections of the file.
        numbers: Those of images of known size, as written.
        sizes: Width and height of their images in pixels.
        images: The image of each box.

    Raises:
        BadInputError: If the boxes do not fit, with the conventions that do.
    """
    convention = stored.convention
    count = int(outside(stored.corners(numbers, sizes), sizes).sum())
    if not len(numbers):
        return
    if count <= MOST_OUTSIDE * len(numbers):
        if not stored.by_flag:
            _require_plausible(convention, numbers, sizes, images, stored.file)
            _require_not_corners(stored, len(numbers))
        return
    plausible = plausible_conventions(numbers, sizes, images)
    fitting = _clearly(plausible, numbers, sizes, convention)
    same_unit = any(one.unit == convention.unit for one in fitting)
    if same_unit or len(numbers) >= FEWEST_JUDGED or 2 * count > len(numbers):
        problem = (
            f"{count:,} of {len(numbers):,} boxes ({count / len(numbers):.0%}) exceed their image"
        )
        raise BadInputError(_misfit(problem, convention, fitting), file=stored.file)


def _require_plausible(
    convention: BoxConvention, numbers: Boxes, sizes: Sizes, images: Sequence[int], file: Path
) -> None:
    if convention.unit == "pixels" and bool((numbers <= 1).all()):
        problem = f"none of the numbers in {len(numbers):,} boxes exceeds 1"
        fitting = plausible_conventions(numbers, sizes, images, units=("unit",))
        raise BadInputError(_misfit(problem, convention, fitting), file=file)
    if len(numbers) <= CARELESS:
        return
    step = -(-len(numbers) // MOST_COMPARED)
    numbers, sizes, images = numbers[::step], sizes[::step], images[::step]
    plausible = plausible_conventions(numbers, sizes, images)
    others = _clearly(plausible, numbers, sizes, convention)
    fitting = [one for one in others if one.unit != convention.unit]
    different = len(np.unique(np.column_stack([images, numbers]), axis=0))
    farthest = max((_reach(numbers, sizes, one) for one in fitting), default=0.0)
    nearer = min(1.0, _reach(numbers, sizes, convention) / max(farthest, TINY))
    if convention not in plausible or (farthest > ACROSS and nearer**different < LEAST_LIKELY):
        problem = f"the {len(numbers):,} boxes end too far from the edges of their images"
        raise BadInputError(_misfit(problem, convention, fitting), file=file)


def _require_not_corners(stored: StoredDetections, known: int) -> None:
    """Refuse sides that all read as corners, if the sizes of most images are unknown.

    Few boxes are wider than they are far from the left edge, and higher than far from the top.
    """
    numbers = stored.numbers
    sides = stored.convention.order in ("xywh", "cxcywh")
    if not sides or len(numbers) < FEWEST_JUDGED or 2 * known > len(numbers):
        return
    if bool((numbers[:, 2:] > numbers[:, :2]).all()):
        problem = (
            f"all {len(numbers):,} boxes also read as corners, and the sizes of most images are "
            f"unknown; declare the order with {ORDER_FLAG} xyxy or {stored.convention.order}"
        )
        raise BadInputError(problem, file=stored.file)


def _clearly(
    plausible: Sequence[BoxConvention], numbers: Boxes, sizes: Sizes, declared: BoxConvention
) -> list[BoxConvention]:
    """Return the other conventions in which hardly any box exceeds its image.

    Detections lie anywhere in their images, so in another unit they must extend across them.
    """
    return [
        one
        for one in plausible
        if one != declared
        and outside(one.to_xyxy(numbers, sizes), sizes).mean() <= MOST_OUTSIDE
        and (one.unit == declared.unit or _reach(numbers, sizes, one) > ACROSS)
    ]


def _reach(numbers: Boxes, sizes: Sizes, convention: BoxConvention) -> float:
    """Return the extent of the boxes as a fraction of the image side, ignoring outliers."""
    ends = convention.to_xyxy(numbers, sizes)[:, 2:] / sizes
    return float(np.quantile(ends.max(axis=1), 1 - MOST_OUTSIDE).clip(0, 1))


def _misfit(problem: str, declared: BoxConvention, fitting: Sequence[BoxConvention]) -> str:
    others = " or ".join(str(one) for one in fitting)
    flags = [f"{ORDER_FLAG} {one.order} {UNIT_FLAG} {one.unit}" for one in fitting]
    hint = (
        f"they would fit as {others}. Declare it, as in {flags[0]}"
        if others
        else "no known convention fits; they may be boxes of images of another size"
    )
    return f"{problem}, read as {declared}; {hint}"
