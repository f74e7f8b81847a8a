"""The proposer ``yolo``: any YOLO detector that ultralytics can load."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.registration import (
    Kind,
    detector_settings,
    require,
    require_file,
)
from vg_mc.records import Proposer
from vg_mc.system.options import AT_LEAST_1


@dataclass(frozen=True)
class YoloOptions:
    """Options of the proposer yolo."""

    weights: Path | None = None
    """Weights of the proposer yolo: YOLOv5u, v8, 11, 26 or World, also -seg and -pose."""

    detector_size: Annotated[int, AT_LEAST_1] | None = None
    """Longer side in pixels to which images are resized for the proposer yolo; by default that of
    its training."""


def _check(options: YoloOptions) -> None:
    require_file(options.weights, "yolo", "--weights")


def _configure(options: YoloOptions) -> dict[str, Any]:
    return {"source": options.weights, "detector_size": options.detector_size}


def _build(choice: ProposerChoice) -> Proposer:
    from vg_mc.proposers.yolo import YoloProposer

    return YoloProposer(
        require(choice.source, choice.kind, "--weights"),
        confidence=choice.confidence,
        image_size=choice.detector_size,
        device=choice.device,
    )


YOLO = Kind(
    name="yolo",
    summary="YOLOv5u, v8, 11, 26 or World",
    options=YoloOptions,
    check=_check,
    configure=_configure,
    build=_build,
    settings=lambda choice: detector_settings(
        choice, "ultralytics", detector_size=choice.detector_size
    ),
    trained=True,
)
