"""The grounder ``nearest-center``: chooses the candidate nearest to the center of the image.

This baseline measures the center bias of a dataset.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from vg_mc.grounders.protocol import Logits
from vg_mc.grounders.registration import NoOptions, Registration

if TYPE_CHECKING:
    from vg_mc.prepared.dataset import Expressions, PreparedDataset

NAME = "nearest-center"


class NearestCenter:
    """Chooses the candidate whose center is nearest to that of the image."""

    name = NAME

    def __init__(self) -> None:
        """Create the grounder, which has no options."""
        self.facts: Mapping[str, str] = {"grounder": NAME}

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:
        """Return the negated distance of each candidate from the center of its image.

        Distances are divided by that of a corner of the image, so logits lie in [-1, 0].
        """
        images = dataset.photos()
        logits = []
        for image_id, ids in zip(
            expressions.image_ids.tolist(), expressions.candidate_ids, strict=True
        ):
            middle = np.array([images[image_id].width, images[image_id].height]) / 2
            boxes = dataset.boxes(ids)
            centres = (boxes[:, :2] + boxes[:, 2:]) / 2
            distances = np.linalg.norm(centres - middle, axis=1) / np.linalg.norm(middle)
            logits.append(-distances.astype(np.float32))
        return logits


NEAREST_CENTER = Registration(name=NAME, options=NoOptions, build=lambda *_: NearestCenter())
