"""The registry of all proposers, their options, and the selection by name.

Several proposers can be united, as in ``yolo+transformers``. To add a proposer, write a module in
`vg_mc.proposers.kinds` with a `Kind` and add it to `KINDS`. If it has a new options class, add a
field of this class to `ProposerOptions`.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Annotated, Any

from vg_mc.errors import BadInputError
from vg_mc.proposers.choice import (
    EVERY_OVERLAP,
    NO_CANDIDATES,
    UNITED_OVERLAP,
    ProposerChoice,
    WhenEmpty,
    united,
)
from vg_mc.proposers.kinds.annotations import ANNOTATED, NO_BOXES
from vg_mc.proposers.kinds.grid import GRID, GridOptions
from vg_mc.proposers.kinds.stored import STORED, StoredOptions
from vg_mc.proposers.kinds.transformers import TRANSFORMERS, TransformersOptions
from vg_mc.proposers.kinds.yolo import YOLO, YoloOptions
from vg_mc.proposers.registration import Kind
from vg_mc.system.options import AT_LEAST_1, FRACTION, changed_flags

KINDS: dict[str, Kind[Any]] = {
    one.name: one for one in (ANNOTATED, YOLO, TRANSFORMERS, STORED, GRID, NO_BOXES)
}
DETECTING = tuple(name for name, kind in KINDS.items() if kind.detects)


def proposer_help(names: Collection[str]) -> str:
    """Return the help of a flag that names proposers."""
    listed = ", ".join(f"{name} ({KINDS[name].summary})" for name in names)
    return f"Proposer of regions: {listed}; or a union such as yolo+transformers."


@dataclass(frozen=True)
class ProposerOptions:
    """Options of all proposers, and of the selection of candidates among their boxes."""

    yolo: YoloOptions = field(default_factory=YoloOptions)
    transformers: TransformersOptions = field(default_factory=TransformersOptions)
    stored: StoredOptions = field(default_factory=StoredOptions)
    grid: GridOptions = field(default_factory=GridOptions)

    confidence: Annotated[float, FRACTION] = 0.25
    """Minimum score of detections."""

    nms: Annotated[float, FRACTION] | None = None
    """IoU threshold of non-maximum suppression. Of two detections whose IoU exceeds it, the weaker
    one is removed; of two from different proposers, that of the proposer named later. Annotated
    boxes are never removed. 1 keeps all boxes; the default is 0.7 for a union and 1 otherwise."""

    max_proposals: Annotated[int, AT_LEAST_1] | None = None
    """Maximum number of detections per image and proposer, the best ones; all by default."""

    when_empty: WhenEmpty = "none"
    """Candidates of an image without detections: none, the whole image as one box, or those above a
    confidence that is lowered in steps of 0.1 until there is one."""

    def of(self, kind: Kind[Any]) -> Any:  # noqa: ANN401 - of any class
        """Return the options of one kind."""
        for group in vars(self).values():
            if isinstance(group, kind.options):
                return group
        return kind.options()

    def overlap(self, *, several: bool) -> float:
        """Return the IoU threshold for one proposer or a union of several."""
        if self.nms is not None:
            return self.nms
        return UNITED_OVERLAP if several else EVERY_OVERLAP


def kinds_of(text: str, flag: str, known: Collection[str] = tuple(KINDS)) -> tuple[str, ...]:
    """Split a value such as ``yolo+stored`` into kinds.

    Raises:
        BadInputError: If a kind is unknown or repeated, or cannot be part of a union.
    """
    kinds = tuple(text.split("+"))
    for kind in kinds:
        if kind not in known:
            problem = f"unknown proposer {kind!r}; available: {', '.join(known)}"
            raise BadInputError(f"{problem}, or several joined by +", record=flag)
    if len(set(kinds)) < len(kinds):
        raise BadInputError(f"expected each proposer once, found {text}", record=flag)
    if NO_CANDIDATES in kinds and len(kinds) > 1:
        raise BadInputError(f"{NO_CANDIDATES} cannot be united with others: {text}", record=flag)
    return kinds


def check_options(options: ProposerOptions, selected: Collection[str]) -> None:
    """Check the options of the selected kinds of proposers.

    Raises:
        BadInputError: If a required option is missing, an option is invalid, or one has no effect.
    """
    for kind in KINDS.values():
        own = options.of(kind)
        if kind.name in selected:
            kind.check(own)
        for flag in changed_flags(own):
            if kind.name not in selected:
                problem = f"has no effect without the proposer {kind.name}"
                raise BadInputError(problem, record=flag)


def member_of(
    kind: str, options: ProposerOptions, *, several: bool = False, device: str = "cpu"
) -> ProposerChoice:
    """Return one proposer; a detector of the hub is downloaded.

    Args:
        kind: The name of the proposer.
        options: Options of all proposers.
        several: Whether it is a member of a union.
        device: Where a detector runs.

    Raises:
        BadInputError: If a required option is missing or the download fails.
    """
    chosen = KINDS[kind]
    if not chosen.detects:
        return ProposerChoice(kind)
    return ProposerChoice(
        kind,
        **chosen.configure(options.of(chosen)),
        confidence=options.confidence,
        device=device,
        nms=options.overlap(several=several),
        max_proposals=options.max_proposals,
        when_empty=options.when_empty,
    )


def named_proposer(text: str, options: ProposerOptions, device: str = "cpu") -> ProposerChoice:
    """Return the proposer for images without annotations.

    Args:
        text: A proposer that detects, such as yolo, or several joined by ``+``.
        options: Options of all proposers.
        device: Where detectors run.

    Raises:
        BadInputError: If a name is unknown, a required option is missing, or an option has no
            effect.
    """
    kinds = kinds_of(text, "--proposer", DETECTING)
    check_options(options, kinds)
    several = len(kinds) > 1
    return united(tuple(member_of(kind, options, several=several, device=device) for kind in kinds))
