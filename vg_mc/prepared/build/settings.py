"""What the offline stage is asked to do, as values that cross process boundaries."""

from collections.abc import Mapping
from dataclasses import dataclass

from vg_mc.boxes.transforms import Fit
from vg_mc.images import View
from vg_mc.proposers.choice import ProposerChoice, united
from vg_mc.records import TRAIN_SPLIT


@dataclass(frozen=True, slots=True)
class Drawing:
    """How candidate pictures look.

    Attributes:
        views: What is drawn of each region, by name; the first is the one that is trained on.
        image_size: Side of the pictures in pixels.
        fit: How a whole photo becomes square.
    """

    views: Mapping[str, View]
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
        others = tuple(
            member
            for member in self.proposer.members
            if member.kind != "annotations" and member not in self.train_proposer.members
        )
        return united(others) if others else None
