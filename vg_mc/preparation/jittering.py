"""Annotated boxes that err as a detector's do, to train on what will be asked later.

A model that has seen only exact boxes in training meets other ones from a detector.
"""

from dataclasses import replace

import numpy as np

from vg_mc.boxes import as_boxes, clipped
from vg_mc.records import Photo, Proposal


def jittered(
    proposals: list[Proposal], photo: Photo, jitter: float, *, seed: int
) -> list[Proposal]:
    """Move each edge by up to `jitter` of the box's width or height, evenly, and stay in the photo.

    The draw has the key (`seed`, image id, place among `proposals`): it depends on nothing else.

    Args:
        proposals: Boxes of one photo.
        photo: The photo, which limits them.
        jitter: From 0 to less than 0.5, so that left stays left of right.
        seed: Another one gives other boxes.
    """
    if not jitter or not proposals:
        return proposals
    exact = as_boxes([proposal.box for proposal in proposals])
    sides = np.tile(exact[:, 2:] - exact[:, :2], 2)  # width, height, width, height
    random = np.random.default_rng([seed, photo.image_id % 2**64])
    moved = exact + jitter * sides * random.uniform(-1, 1, sides.shape)
    return [
        replace(proposal, box=(left, top, right, bottom))
        for proposal, (left, top, right, bottom) in zip(
            proposals, clipped(moved, photo.width, photo.height).tolist(), strict=True
        )
    ]
