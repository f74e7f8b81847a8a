"""The grounders ``center-box`` and ``whole-image``: a box in the middle of the image.

They are baselines for grounders that predict a box.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.grounders.registration import NoOptions, Registration
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
        return {"grounder": f"{self.name}, {self.share:g} of width and height"}

    def predict(self, dataset: "PreparedDataset", expressions: "Expressions") -> tuple[Boxes, None]:
        """Return a box for each expression, shape (B, 4) in pixels, and None as confidence."""
        sides = sides_of(dataset, expressions)
        start = (1 - self.share) / 2 * sides
        return np.concatenate([start, sides - start], axis=1), None


def sides_of(dataset: "PreparedDataset", expressions: "Expressions") -> NDArray[np.float64]:
    """Return width and height in pixels of the image of each expression, shape (B, 2)."""
    images = dataset.photos()
    sizes = [(images[one].width, images[one].height) for one in expressions.image_ids.tolist()]
    return np.array(sizes, np.float64).reshape(-1, 2)


WHOLE_IMAGE = Registration(
    name="whole-image",
    options=NoOptions,
    build=lambda *_: CenterBox(1.0, "whole-image"),
    predicts_boxes=True,
)
CENTER_BOX = Registration(
    name=NAME,
    options=CenterBoxOptions,
    build=lambda options, _: CenterBox(options.center_box_share),
    predicts_boxes=True,
)
