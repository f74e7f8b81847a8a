"""The grounder ``center-box``: predicts a box in the middle of the image for every expression.

It is the baseline for grounders that predict a box.
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
    """Options of the grounder center-box."""

    center_box_share: Annotated[float, Range(0, 1, above=True)] = 0.5
    """Width and height of the box of the grounder center-box, as a fraction of those of the
    image."""


@dataclass(frozen=True)
class CenterBox:
    """Predicts a box around the center of the image.

    Attributes:
        share: Width and height of the box as a fraction of those of the image, in (0, 1].
        name: Name in result tables.
    """

    share: float
    name: str = NAME

    @property
    def facts(self) -> Mapping[str, str]:
        """The name of the grounder and the size of its box."""
        return {"grounder": f"{NAME}, {self.share:g} of width and height"}

    def predict(self, dataset: "PreparedDataset", expressions: "Expressions") -> tuple[Boxes, None]:
        """Return a box for each expression, shape (B, 4) in pixels, and None as confidence."""
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
