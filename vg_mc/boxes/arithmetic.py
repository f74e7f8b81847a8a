"""Box arithmetic on arrays of ``(left, top, right, bottom)`` in continuous pixel coordinates.

A box of width ``w`` at ``x`` ends at ``x + w``, as in COCO and in current detectors. Formats whose
last pixel is inclusive are converted where they are read.
"""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]  # (N, 4), xyxy


def as_boxes(values: object) -> Boxes:
    """Return `values` as an array of shape (N, 4); an empty list becomes (0, 4)."""
    return np.asarray(values, dtype=np.float64).reshape(-1, 4)


def xywh_to_xyxy(xywh: Boxes) -> Boxes:
    """Convert ``(left, top, width, height)`` to corners."""
    return np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)


def areas(boxes: Boxes) -> NDArray[np.float64]:
    """Return areas in square pixels, shape (N,); 0 for a box with swapped corners."""
    sides = np.clip(boxes[..., 2:] - boxes[..., :2], 0, None)
    return np.asarray(sides[..., 0] * sides[..., 1])


def intersections(
    boxes: Boxes,  # (N, 4)
    others: Boxes,  # (M, 4)
) -> NDArray[np.float64]:
    """Return the intersection area of every pair, shape (N, M)."""
    return _overlaps(boxes[:, None], others[None, :])


def _overlaps(boxes: Boxes, others: Boxes) -> NDArray[np.float64]:
    """Return the intersection areas of boxes at the same position, for any leading axes."""
    top_left = np.maximum(boxes[..., :2], others[..., :2])
    bottom_right = np.minimum(boxes[..., 2:], others[..., 2:])
    return areas(np.concatenate([top_left, bottom_right], axis=-1))


def iou_matrix(
    boxes: Boxes,  # (N, 4)
    others: Boxes,  # (M, 4)
) -> NDArray[np.float64]:
    """Return the IoU of every pair, shape (N, M); 0 if neither box has an area."""
    return _ious(boxes[:, None], others[None, :])


def paired_ious(
    boxes: Boxes,  # (N, 4)
    others: Boxes,  # (N, 4)
) -> NDArray[np.float64]:
    """Return the IoU of each box with the other at its position, shape (N,)."""
    return _ious(boxes, others)


def paired_gious(
    boxes: Boxes,  # (N, 4)
    others: Boxes,  # (N, 4)
) -> NDArray[np.float64]:
    """Return the generalized IoU (https://arxiv.org/abs/1902.09630) of each pair, shape (N,).

    It ranges from -1 to the IoU: the IoU minus the share of the enclosing box that neither box
    covers.
    """
    top_left = np.minimum(boxes[:, :2], others[:, :2])
    bottom_right = np.maximum(boxes[:, 2:], others[:, 2:])
    hull = areas(np.concatenate([top_left, bottom_right], axis=1))
    uncovered = hull - (areas(boxes) + areas(others) - _overlaps(boxes, others))
    share = np.divide(uncovered, hull, out=np.zeros_like(hull), where=hull > 0)
    return np.asarray(_ious(boxes, others) - share)


def _ious(boxes: Boxes, others: Boxes) -> NDArray[np.float64]:
    overlap = _overlaps(boxes, others)
    union = areas(boxes) + areas(others) - overlap
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)


def clipped(boxes: Boxes, width: float, height: float) -> Boxes:
    """Clip boxes to the image; a box outside of it has no area afterwards."""
    return np.clip(boxes, 0, np.array([width, height, width, height], dtype=np.float64))
