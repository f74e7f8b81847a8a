"""The four numbers of a box: what they may mean, and whether they can mean that.

Nobody writes down which of the formats a file is in, and a box read in a wrong one is still a box.
But boxes of the wrong format do not stay inside their photos, and that can be counted.
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

Sizes = NDArray[np.float64]  # (N, 2), width and height of each box' photo

LEAVING_SHARE = 0.05  # more boxes than this outside of their photos are no slips of the hand
FEWEST_LEAVING = 3  # below, a share says nothing
SLIP = 0.02  # of the photo's side, and a pixel: how far a carelessly drawn box may stand out


def to_xyxy(
    numbers: Boxes,  # (N, 4)
    box_format: BoxFormat,
    sizes: Sizes,  # (N, 2)
) -> Boxes:
    """Turn boxes of any format into corners in pixels."""
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
    """Tell which boxes stand far out of their photos, or are turned inside out; shape (N,)."""
    slip = SLIP * sizes + 1
    outside = (corners[:, :2] < -slip) | (corners[:, 2:] > sizes + slip)
    turned = corners[:, 2:] < corners[:, :2]
    return np.asarray((outside | turned).any(axis=1))


def fits(numbers: Boxes, box_format: BoxFormat, sizes: Sizes) -> bool:
    """Tell whether boxes may be of a format: few enough of them leave their photos.

    Boxes of which no number exceeds 1 are fractions of the photo, not pixels.
    """
    fractions = len(numbers) >= FEWEST_LEAVING and bool((numbers <= 1).all())
    if fractions != box_format.startswith("normalized-") and fractions:
        return False
    count = int(leaving(to_xyxy(numbers, box_format, sizes), sizes).sum())
    return count < FEWEST_LEAVING or count <= LEAVING_SHARE * len(numbers)


def require_fit(numbers: Boxes, box_format: BoxFormat, sizes: Sizes, file: Path) -> None:
    """Stop before a mix-up of formats spoils a whole corpus.

    Raises:
        BadInputError: If too many boxes leave their photos; it names the formats that would do.
    """
    if fits(numbers, box_format, sizes):
        return
    count = int(leaving(to_xyxy(numbers, box_format, sizes), sizes).sum())
    others = [other for other in BOX_FORMATS if fits(numbers, other, sizes)]
    problem = (
        f"{count:,} of {len(numbers):,} boxes leave their photos or are turned inside out"
        if count
        else f"no number of {len(numbers):,} boxes exceeds 1"
    )
    hint = f"they would fit as {', '.join(others)}" if others else "they fit as no format we know"
    raise BadInputError(
        f"{problem}, read as {box_format}; {hint}. Is --box-format, or the file, wrong?", file=file
    )


def cut_to_photo(corners: Boxes, written: tuple[float, ...], width: int, height: int) -> XYXY:
    """Cut one box, shape (1, 4), to its photo if more than a pixel of it remains.

    Raises:
        BadInputError: Otherwise, showing the box as it was `written`.
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
