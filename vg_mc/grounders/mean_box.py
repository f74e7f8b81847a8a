"""The grounder ``mean-box``: predicts the mean target of the split train for every expression.

The mean is that of the corners as fractions of the width and height of their images. A trained box
predictor that does not exceed it has learned nothing from images and expressions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.errors import BadInputError
from vg_mc.grounders.center_box import sides_of
from vg_mc.grounders.registration import NoOptions, Registration
from vg_mc.records import TRAIN_SPLIT

if TYPE_CHECKING:
    from vg_mc.prepared.dataset import Expressions, PreparedDataset

NAME = "mean-box"


@dataclass(frozen=True)
class MeanBox:
    """Predicts the mean target of the split train."""

    name: str = NAME
    facts: Mapping[str, str] = field(default_factory=lambda: {"grounder": f"{NAME} of train"})

    def predict(self, dataset: "PreparedDataset", expressions: "Expressions") -> tuple[Boxes, None]:
        """Return a box for each expression, shape (B, 4) in pixels, and None as confidence.

        Raises:
            BadInputError: If the dataset has no expressions in the split train.
        """
        train = dataset.expressions(TRAIN_SPLIT) if TRAIN_SPLIT in dataset.splits else None
        if train is None or not len(train):
            problem = f"the grounder {NAME} requires expressions in the split {TRAIN_SPLIT}"
            raise BadInputError(problem, file=dataset.folder)
        mean = (train.targets / np.tile(sides_of(dataset, train), 2)).mean(axis=0)
        return mean * np.tile(sides_of(dataset, expressions), 2), None


MEAN_BOX = Registration(
    name=NAME, options=NoOptions, build=lambda *_: MeanBox(), predicts_boxes=True
)
