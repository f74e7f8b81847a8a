"""The grounder ``center-box``: a box in the middle of the image, whatever is said.

The baseline of models that predict a box: what a score is worth that needs no candidates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.grounders.registration import Registration
from vg_mc.system.options import Range

if TYPE_CHECKING:
    from vg_mc.prepared.dataset import Expressions, PreparedDataset

NAME = "center-box"


@dataclass(frozen=True)
class CenterBoxOptions:
    """The grounder center-box."""

    center_box_share: Annotated[float, Range(0, 1, above=True)] = 0.5
    """Share of the photo's width and height that its box has."""


@dataclass(frozen=True)
class CenterBox:
    """Predicts a box around the centre of the image.

    Attributes:
        share: Of the width and of the height of the image.
    """

    share: float
    name: str = NAME

    @property
    def facts(self) -> Mapping[str, str]:
        """The size of the box."""
        return {"grounder": f"{NAME}, {self.share:g} of width and height"}

    def predict(self, dataset: "PreparedDataset", expressions: "Expressions") -> tuple[Boxes, None]:
        """Return a box (B, 4) for each expression; it has no confidence."""
        images = dataset.photos()
        sizes = [(images[one].width, images[one].height) for one in expressions.image_ids.tolist()]
        sides = np.array(sizes, np.float64).reshape(-1, 2)
        start = (1 - self.share) / 2 * sides
        return np.concatenate([start, sides - start], axis=1), None


CENTER_BOX = Registration(
    name=NAME,
    options=CenterBoxOptions,
    build=lambda options, _: CenterBox(options.center_box_share),
)
