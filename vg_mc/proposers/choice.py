"""The choice of a proposer with its settings, as a value that can be sent to other processes."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from vg_mc.records import ANNOTATIONS

NO_CANDIDATES = "none"  # for datasets of whole images; cannot be part of a union
WhenEmpty = Literal["none", "whole-image", "lower-confidence"]

EVERY_OVERLAP = 1.0  # no IoU exceeds it
UNITED_OVERLAP = 0.7  # above this IoU, two detectors have most likely found the same object
MOST_JITTER = 0.5  # fraction of a side; opposite edges that both move by half a side could meet


@dataclass(frozen=True, slots=True)
class ProposerChoice:
    """A proposer with its settings, or a union of proposers.

    Attributes:
        kind: Name in the registry; for a union, the names of its members joined by ``+``.
        source: File or folder of the detector, or the file of stored detections; None for
            annotations.
        confidence: Minimum confidence of detections.
        detector_size: Longer side in pixels to which images are resized for the detector; by
            default the size with which the detector was trained.
        device: Where the detector runs, as torch names it.
        nms: IoU threshold of non-maximum suppression. Of two detections whose IoU exceeds it, the
            weaker one is removed; between members of a union, that of the later member.
        max_proposals: Maximum number of detections per image and member; None for all.
        when_empty: Substitute for the candidates of an image without detections.
        jitter: Maximum shift of each edge of an annotated box, as a fraction of its width or
            height.
        seed: Seed of the jitter.
        model: Name of a detector that is a folder: its id on the hub or the name of the folder.
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
        """The members of a union, or the single proposer itself."""
        return self.united or (self,)


def united(members: tuple[ProposerChoice, ...]) -> ProposerChoice:
    """Return the union of proposers; a single proposer is returned unchanged.

    The settings of the union are those of its first detector.
    """
    if len(members) == 1:
        return members[0]
    detector = next(member for member in members if member.kind != ANNOTATIONS)
    kind = "+".join(member.kind for member in members)
    return replace(detector, kind=kind, source=None, united=members)
