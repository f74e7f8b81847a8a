"""What the offline stage is asked to do, as values that cross process boundaries."""

from collections.abc import Mapping
from dataclasses import dataclass

from vg_mc.boxes.transforms import Fit, LongerSide
from vg_mc.images import View
from vg_mc.proposers.choice import NO_CANDIDATES, ProposerChoice, united
from vg_mc.proposers.registry import KINDS
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
        whole_images: How each image is stored as a whole; None where it is not.
    """

    drawing: Drawing
    train_proposer: ProposerChoice
    proposer: ProposerChoice
    splits: tuple[str, ...]
    skip_bad: bool
    whole_images: LongerSide | None = None

    @property
    def with_candidates(self) -> bool:
        """Whether any split has candidates."""
        proposers = (self.train_proposer, self.proposer)
        return any(proposer.kind != NO_CANDIDATES for proposer in proposers)

    def proposer_of(self, split: str) -> ProposerChoice:
        """Return who proposes regions for the photos of `split`."""
        return self.train_proposer if split == TRAIN_SPLIT else self.proposer

    @property
    def wrong_answers(self) -> ProposerChoice | None:
        """Proposer of further wrong answers; None where it could not find any others."""
        if self.train_proposer.kind == NO_CANDIDATES:
            return None
        others = tuple(
            member
            for member in self.proposer.members
            if KINDS[member.kind].detects and member not in self.train_proposer.members
        )
        return united(others) if others else None
