"""Box formats of corpora, and checks whether boxes can be in a format.

Files do not state their box format, and a box read in the wrong format is still a box. With the
wrong format, however, many boxes exceed their images, which can be counted.
"""

from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes import arithmetic as boxes
from vg_mc.boxes.arithmetic import Boxes
from vg_mc.errors import BadInputError
from vg_mc.records import XYXY

BoxFormat = Literal[
    "xyxy", "xywh", "cxcywh", "normalized-xyxy", "normalized-xywh", "normalized-cxcywh"
]
BOX_FORMATS: tuple[BoxFormat, ...] = get_args(BoxFormat)

Sizes = NDArray[np.float64]  # (N, 2), width and height of the image of each box

LEAVING_SHARE = (
    0.05  # a larger share of boxes outside of their images is not due to careless drawing
)
FEWEST_LEAVING = 3  # fewer boxes are never an error
SLIP = 0.02  # tolerance as a fraction of the image side, plus one pixel


def to_xyxy(
    numbers: Boxes,  # (N, 4)
    box_format: BoxFormat,
    sizes: Sizes,  # (N, 2)
) -> Boxes:
    """Convert boxes of any format to corners in pixels."""
    kind = box_format.removeprefix("normalized-")
    if kind != box_format:
        numbers = numbers * np.tile(sizes, 2)
    if kind == "cxcywh":
        numbers = np.concatenate([numbers[:, :2] - numbers[:, 2:] / 2, numbers[:, 2:]], axis=1)
    return numbers if kind == "xyxy" else boxes.xywh_to_xyxy(numbers)


def leaving(
    corners: Boxes,  # (N, 4)
    sizes: Sizes,  # (N, 2)
) -> NDArray[np.bool_]:
    """Return which boxes exceed their images clearly or have swapped corners, shape (N,)."""
    slip = SLIP * sizes + 1
    outside = (corners[:, :2] < -slip) | (corners[:, 2:] > sizes + slip)
    turned = corners[:, 2:] < corners[:, :2]
    return np.asarray((outside | turned).any(axis=1))


def fits(numbers: Boxes, box_format: BoxFormat, sizes: Sizes) -> bool:
    """Return True if boxes can be in a format: few enough of them exceed their images.

    Boxes without a number above 1 are fractions of the image, not pixels.
    """
    fractions = len(numbers) >= FEWEST_LEAVING and bool((numbers <= 1).all())
    if fractions != box_format.startswith("normalized-") and fractions:
        return False
    count = int(leaving(to_xyxy(numbers, box_format, sizes), sizes).sum())
    return count < FEWEST_LEAVING or count <= LEAVING_SHARE * len(numbers)


def require_fit(numbers: Boxes, box_format: BoxFormat, sizes: Sizes, file: Path) -> None:
    """Check the format of all boxes of a file before they are used.

    Raises:
        BadInputError: If too many boxes exceed their images, with the formats that would fit.
    """
    if fits(numbers, box_format, sizes):
        return
    count = int(leaving(to_xyxy(numbers, box_format, sizes), sizes).sum())
    others = [other for other in BOX_FORMATS if fits(numbers, other, sizes)]
    problem = (
        f"{count:,} of {len(numbers):,} boxes exceed their images or have swapped corners"
        if count
        else f"no number in {len(numbers):,} boxes exceeds 1"
    )
    hint = f"they would fit as {', '.join(others)}" if others else "no known format fits"
    raise BadInputError(
        f"{problem}, read as {box_format}; {hint}. Check --box-format and the file", file=file
    )


def cut_to_photo(corners: Boxes, written: tuple[float, ...], width: int, height: int) -> XYXY:
    """Clip one box, shape (1, 4), to its image if more than a pixel of it remains.

    Raises:
        BadInputError: Otherwise, with the box as `written` in the file.
    """
    if not (corners[:, 2:] > corners[:, :2]).all():
        raise BadInputError(f"expected a bbox with an area, not {list(written)}")
    inside = boxes.clipped(corners, width, height)
    remaining = float(boxes.areas(inside)[0])
    if remaining <= 0 or ((inside != corners).any() and remaining <= 1):
        size = f"{width} x {height}"
        raise BadInputError(f"expected a bbox on the image of {size} pixels, not {list(written)}")
    left, top, right, bottom = inside[0].tolist()
    return left, top, right, bottom
