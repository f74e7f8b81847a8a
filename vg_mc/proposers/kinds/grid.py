"""The proposer ``grid``: sliding windows of several sizes.

It is a baseline for detectors, and usable without a detector. Boxes are imprecise, but most targets
overlap with a window.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any

from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.registration import Kind, Known
from vg_mc.records import XYXY, Proposal
from vg_mc.system.options import AT_LEAST_1

NAME = "grid"


@dataclass(frozen=True)
class GridOptions:
    """Options of the proposer grid."""

    grid_levels: Annotated[int, AT_LEAST_1] = 3
    """Number of window sizes of the proposer grid: the whole image, windows of half its width and
    height, of a quarter, and so on. Adjacent windows overlap by half."""


def windows(levels: int) -> Iterator[XYXY]:
    """Yield windows as fractions of the image size, the largest first, then in reading order."""
    for level in range(levels):
        side = 0.5**level
        starts = [place * side / 2 for place in range(2 ** (level + 1) - 1)]
        for top, left in product(starts, starts):
            yield left, top, left + side, top + side


def _known(choice: ProposerChoice, image: Known) -> list[Proposal]:
    width, height = image.photo.width, image.photo.height
    return [
        Proposal((left * width, top * height, right * width, bottom * height), 1.0, None, NAME)
        for left, top, right, bottom in windows(choice.options.grid_levels)
    ]


def _settings(choice: ProposerChoice) -> dict[str, Any]:
    return {
        "levels": choice.options.grid_levels,
        "nms": choice.nms,
        "max_proposals": choice.max_proposals,
    }


GRID = Kind(
    name=NAME,
    summary="windows of several sizes",
    options=GridOptions,
    configure=lambda options: {"options": options},
    known=_known,
    settings=_settings,
)
