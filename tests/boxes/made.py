"""Other forms of a geometry, to compare with."""

import numpy as np

from vg_mc.boxes.transforms import Affine, Geometry


def matrix_of(affine: Affine) -> np.ndarray:
    """The map as a matrix (3, 3) for homogeneous coordinates (x, y, 1)."""
    (x_scale, y_scale), (x_offset, y_offset) = affine.scale, affine.offset
    return np.array([[x_scale, 0, x_offset], [0, y_scale, y_offset], [0, 0, 1.0]])


def padding_mask(geometry: Geometry) -> np.ndarray:
    """Which pixels of the output (H, W) have their centres outside of the content."""
    (width, height), (left, top, right, bottom) = geometry.size, geometry.content
    rows, columns = np.indices((height, width)) + 0.5
    return ~((left < columns) & (columns < right) & (top < rows) & (rows < bottom))
