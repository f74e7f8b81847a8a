"""Which proposer is used, and with what: a value that crosses process boundaries."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from vg_mc.records import ANNOTATIONS

NO_CANDIDATES = "none"  # for datasets of whole images, never in a union
WhenEmpty = Literal["none", "whole-image", "lower-confidence"]

EVERY_OVERLAP = 1.0  # no IoU exceeds it
UNITED_OVERLAP = 0.7  # from which two detectors have most likely found the same thing
MOST_JITTER = 0.5  # of a side; two edges that each move by half of it could meet


@dataclass(frozen=True, slots=True)
class ProposerChoice:
    """Which proposer, and what it needs; or several that are united.

    Attributes:
        kind: Its name in the registry; of a union those of its members, joined by ``+``.
        source: File or folder of the detector, or the file of stored detections; None for
            annotations.
        confidence: Detections below it are left out.
        nms: Of two detections whose IoU exceeds it the weaker one is left out; of two that
            different members of a union found, the one of the member that is named later.
        max_proposals: At most so many detections of a photo, the best; None for all. Each member
            of a union may give as many.
        when_empty: What a photo without detections gets in their place.
        detector_size: Longer side of a photo in the detector, in pixels; by default the size that
            the detector was trained with.
        jitter: Up to this share of its width or height each edge of an annotated box is moved.
        seed: Key of the jitter.
        model: What the user calls a detector that is a folder: its id on the hub or its own name.
        options: Further options of its kind, a frozen dataclass.
        united: The members of a union, in order; empty for a single proposer.
    """

    kind: str
    source: Path | None = None
    confidence: float = 0.25
    detector_size: int | None = None
    device: str = "cpu"
    nms: float = EVERY_OVERLAP
    max_proposals: int | None = None
    when_empty: WhenEmpty = "none"
    jitter: float = 0.0
    seed: int = 0
    model: str = ""
    options: Any = None
    united: tuple["ProposerChoice", ...] = ()

    @property
    def members(self) -> tuple["ProposerChoice", ...]:
        """The proposers that are asked, a single one included."""
        return self.united or (self,)


def united(members: tuple[ProposerChoice, ...]) -> ProposerChoice:
    """Unite proposers, of whose detectors the first decides for the union; one stays itself."""
    if len(members) == 1:
        return members[0]
    detector = next(member for member in members if member.kind != ANNOTATIONS)
    kind = "+".join(member.kind for member in members)
    return replace(detector, kind=kind, source=None, united=members)
