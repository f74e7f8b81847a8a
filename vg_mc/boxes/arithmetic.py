"""Box arithmetic on arrays of ``(left, top, right, bottom)`` in continuous pixel coordinates.

A box of width ``w`` at ``x`` ends at ``x + w``: COCO counts this way, and so do today's detectors.
Formats that count the last pixel in are converted where they are read, never here.
"""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]  # (N, 4), xyxy


def as_boxes(values: object) -> Boxes:
    """Return `values` as an array of shape (N, 4); an empty list becomes (0, 4)."""
    return np.asarray(values, dtype=np.float64).reshape(-1, 4)


def xywh_to_xyxy(xywh: Boxes) -> Boxes:
    """Turn ``(left, top, width, height)`` into corners."""
    return np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)


def areas(boxes: Boxes) -> NDArray[np.float64]:
    """Areas in square pixels, shape (N,); a box turned inside out has none."""
    sides = np.clip(boxes[..., 2:] - boxes[..., :2], 0, None)
    return np.asarray(sides[..., 0] * sides[..., 1])


def intersections(
    boxes: Boxes,  # (N, 4)
    others: Boxes,  # (M, 4)
) -> NDArray[np.float64]:
    """Overlapping areas of every pair, shape (N, M)."""
    return _overlaps(boxes[:, None], others[None, :])


def _overlaps(boxes: Boxes, others: Boxes) -> NDArray[np.float64]:
    """Overlapping areas of boxes that stand at the same place, whatever the axes before."""
    top_left = np.maximum(boxes[..., :2], others[..., :2])
    bottom_right = np.minimum(boxes[..., 2:], others[..., 2:])
    return areas(np.concatenate([top_left, bottom_right], axis=-1))


def iou_matrix(
    boxes: Boxes,  # (N, 4)
    others: Boxes,  # (M, 4)
) -> NDArray[np.float64]:
    """Intersection over union of every pair, shape (N, M); 0 where neither box has an area."""
    return _ious(boxes[:, None], others[None, :])


def paired_ious(
    boxes: Boxes,  # (N, 4)
    others: Boxes,  # (N, 4)
) -> NDArray[np.float64]:
    """Intersection over union of each box with the other at its place, shape (N,)."""
    return _ious(boxes, others)


def paired_gious(
    boxes: Boxes,  # (N, 4)
    others: Boxes,  # (N, 4)
) -> NDArray[np.float64]:
    """Generalised IoU (https://arxiv.org/abs/1902.09630), shape (N,): from -1 to the IoU.

    The IoU less the share of the box around both that neither of them covers.
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
    """Cut boxes to the image; one that lies outside ends up without an area."""
    return np.clip(boxes, 0, np.array([width, height, width, height], dtype=np.float64))
