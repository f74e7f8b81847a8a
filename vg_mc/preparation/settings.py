"""What the offline stage is asked to do, as values that cross process boundaries."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vg_mc.fitting import Fit
from vg_mc.markers import Marker

ProposerKind = Literal["annotations", "yolo", "stored"]


@dataclass(frozen=True, slots=True)
class ProposerChoice:
    """Which proposer, and what it needs.

    Attributes:
        source: Detector weights, or the file of stored detections; None for annotations.
        confidence: Detections below it are left out.
        detector_size: Longer side of a photo in the detector, in pixels.
    """

    kind: ProposerKind
    source: Path | None = None
    confidence: float = 0.25
    detector_size: int = 640
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a candidate picture looks."""

    marker: Marker
    image_size: int
    fit: Fit


@dataclass(frozen=True, slots=True)
class PreparationSettings:
    """Everything that decides on the bytes of a prepared dataset, besides the input files.

    Attributes:
        train_proposer: Proposer of the training split.
        proposer: Proposer of every other split, and of further wrong answers for training images
            that have fewer than two boxes.
        splits: The splits to prepare, in order.
        skip_bad: List bad photos as rejected and go on, instead of stopping at the first.
    """

    drawing: Drawing
    train_proposer: ProposerChoice
    proposer: ProposerChoice
    splits: tuple[str, ...]
    skip_bad: bool

    @property
    def wrong_answers(self) -> ProposerChoice | None:
        """Proposer of further wrong answers; None where it could not find any others."""
        known = self.proposer.kind == "annotations" or self.proposer == self.train_proposer
        return None if known else self.proposer
