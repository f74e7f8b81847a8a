"""Settings of the offline stage, as values that can be pickled for worker processes."""

from collections.abc import Mapping
from dataclasses import dataclass

from vg_mc.boxes.transforms import Fit, LongerSide
from vg_mc.images import View
from vg_mc.proposers.choice import NO_CANDIDATES, ProposerChoice, united
from vg_mc.proposers.registry import KINDS
from vg_mc.records import TRAIN_SPLIT


@dataclass(frozen=True, slots=True)
class Drawing:
    """Appearance of candidate images.

    Attributes:
        views: Views of each region by name; the first one is used in training.
        image_size: Side of the square candidate images in pixels.
        fit: Resize mode from a whole image to a square.
    """

    views: Mapping[str, View]
    image_size: int
    fit: Fit


@dataclass(frozen=True, slots=True)
class PreparationSettings:
    """All settings that determine the bytes of a prepared dataset, besides the input files.

    Attributes:
        train_proposer: Proposer of the training split.
        proposer: Proposer of every other split, and of extra negatives for training images with
            fewer than two boxes.
        splits: The splits to prepare, in order.
        skip_bad: Whether to list bad images as rejected instead of stopping at the first one.
        whole_images: Transform from source images to stored whole images; None to store none.
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
        """Return the proposer of `split`."""
        return self.train_proposer if split == TRAIN_SPLIT else self.proposer

    @property
    def wrong_answers(self) -> ProposerChoice | None:
        """Proposer of extra negatives; None if no detector differs from the training proposer."""
        if self.train_proposer.kind == NO_CANDIDATES:
            return None
        others = tuple(
            member
            for member in self.proposer.members
            if KINDS[member.kind].detects and member not in self.train_proposer.members
        )
        return united(others) if others else None
