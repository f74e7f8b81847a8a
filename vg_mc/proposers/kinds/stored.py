"""The proposer ``stored``: detections from a file, see `vg_mc.proposers.detection_formats`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vg_mc.boxes.conventions import Order, Unit
from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes
from vg_mc.errors import BadInputError
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.registration import Kind, require, selection_settings
from vg_mc.records import Orientation


@dataclass(frozen=True)
class StoredOptions:
    """Options of the proposer stored."""

    proposals: Path | None = None
    """Detections for the proposer stored: a file of MAttNet, COCO results, ultralytics,
    transformers, supervision and others, or a folder of label files; see data/README.md. Images are
    identified by image id or by file name."""

    proposals_format: Order | None = None
    """Order of the four numbers in the file of --proposals: left, top, right, bottom (xyxy); left,
    top, width, height (xywh); center x, center y, width, height (cxcywh); top, left, bottom, right
    (yxyx). By default as in its layout."""

    proposals_unit: Unit | None = None
    """Unit of the boxes in the file of --proposals: pixels, or fractions of the sides of the image
    scaled to 1 (unit), 100 (percent) or 1000 (per-mille). By default as in its layout."""

    proposals_orientation: Orientation | None = None
    """Frame of the boxes in the file of --proposals, in images with an EXIF orientation: as image
    viewers show them, or as stored; by default that of the corpus. prepare_data.py only."""


@dataclass(frozen=True)
class DeclaredDetections:
    """What flags state about a file of detections: its boxes, and the frame of its images."""

    boxes: DeclaredBoxes = UNDECLARED
    orientation: Orientation | None = None


def declared(choice: ProposerChoice) -> DeclaredDetections:
    """Return what flags state about the file of a proposer."""
    return choice.options or DeclaredDetections()


def _check(options: StoredOptions) -> None:
    source = require(options.proposals, "stored", "--proposals")
    if not source.exists():
        raise BadInputError("no such file", file=source, record="--proposals")


def _configure(options: StoredOptions) -> dict[str, Any]:
    boxes = DeclaredBoxes(options.proposals_format, options.proposals_unit)
    stated = DeclaredDetections(boxes, options.proposals_orientation)
    return {"source": options.proposals, "options": stated}


def _settings(choice: ProposerChoice) -> dict[str, Any]:
    stated = declared(choice)
    named = {
        "box_order": stated.boxes.order,
        "box_unit": stated.boxes.unit,
        "box_orientation": stated.orientation,
    }
    return {
        **selection_settings(choice),
        **{name: value for name, value in named.items() if value is not None},
    }


STORED = Kind(
    name="stored",
    summary="detections in a file",
    options=StoredOptions,
    check=_check,
    configure=_configure,
    known=lambda _, image: image.stored,
    settings=_settings,
    trained=True,
    reads_file=True,
)
