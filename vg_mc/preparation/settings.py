"""What the offline stage is asked to do, as values that cross process boundaries."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vg_mc.fitting import Fit
from vg_mc.markers import Marker
from vg_mc.records import TRAIN_SPLIT

ProposerKind = Literal["annotations", "yolo", "stored"]
WhenEmpty = Literal["none", "whole-image", "lower-confidence"]

EVERY_OVERLAP = 1.0  # no IoU exceeds it


@dataclass(frozen=True, slots=True)
class ProposerChoice:
    """Which proposer, and what it needs.

    Attributes:
        source: Detector weights, or the file of stored detections; None for annotations.
        confidence: Detections below it are left out.
        nms: Of two detections whose IoU exceeds it the weaker one is left out.
        max_proposals: At most so many detections of a photo, the best; None for all.
        when_empty: What a photo without detections gets in their place.
        detector_size: Longer side of a photo in the detector, in pixels; by default the size that
            the detector was trained with.
    """

    kind: ProposerKind
    source: Path | None = None
    confidence: float = 0.25
    detector_size: int | None = None
    device: str = "cpu"
    nms: float = EVERY_OVERLAP
    max_proposals: int | None = None
    when_empty: WhenEmpty = "none"


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

    def proposer_of(self, split: str) -> ProposerChoice:
        """Return who proposes regions for the photos of `split`."""
        return self.train_proposer if split == TRAIN_SPLIT else self.proposer

    @property
    def wrong_answers(self) -> ProposerChoice | None:
        """Proposer of further wrong answers; None where it could not find any others."""
        known = self.proposer.kind == "annotations" or self.proposer == self.train_proposer
        return None if known else self.proposer
