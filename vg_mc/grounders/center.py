"""The grounder ``nearest-center``: photographers place what they mean in the middle.

A baseline beside the biggest box: it tells how much of a score is the bias of photos towards their
centre.
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
    """Chooses the candidate whose centre is nearest to that of the image."""

    name = NAME

    def __init__(self) -> None:
        """There is nothing to set."""
        self.facts: Mapping[str, str] = {"grounder": NAME}

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:
        """Return minus the distance of each candidate, 1 at a corner of the image."""
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
