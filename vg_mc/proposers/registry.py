"""All kinds of proposers by name, and the choice among them: ``yolo``, ``yolo+transformers``.

To add a kind, write a file in `vg_mc.proposers.kinds` with a `Kind` and name it in `KINDS`; a class
of options of its own is a field of `ProposerOptions`.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
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
from vg_mc.system.options import AT_LEAST_1, FRACTION, flag_name

KINDS: dict[str, Kind[Any]] = {
    one.name: one for one in (ANNOTATED, YOLO, TRANSFORMERS, STORED, GRID, NO_BOXES)
}
DETECTING = tuple(name for name, kind in KINDS.items() if kind.detects)


def proposer_help(names: Collection[str]) -> str:
    """Return the help of a flag that names proposers."""
    listed = ", ".join(f"{name} ({KINDS[name].summary})" for name in names)
    return f"What proposes regions: {listed}; or several united, like yolo+transformers."


@dataclass(frozen=True)
class ProposerOptions:
    """How boxes are found and which of them become candidates."""

    yolo: YoloOptions = field(default_factory=YoloOptions)
    transformers: TransformersOptions = field(default_factory=TransformersOptions)
    stored: StoredOptions = field(default_factory=StoredOptions)
    grid: GridOptions = field(default_factory=GridOptions)

    confidence: Annotated[float, FRACTION] = 0.25
    """Detections with a lower score are left out."""

    nms: Annotated[float, FRACTION] | None = None
    """Of two detections whose IoU exceeds it the weaker one is left out, and of two from different
    proposers the one of the later named; annotated boxes stay. 1 keeps all; by default 0.7 where
    proposers are united, and 1 where none are."""

    max_proposals: Annotated[int, AT_LEAST_1] | None = None
    """At most so many detections of a photo from each proposer, the best; all by default."""

    when_empty: WhenEmpty = "none"
    """What a photo without detections gets: nothing, the whole image as one box, or the best
    detections below the confidence, which is lowered by 0.1 until there is one."""

    def of(self, kind: Kind[Any]) -> Any:  # noqa: ANN401 - of any class
        """Return the options of one kind."""
        for group in vars(self).values():
            if isinstance(group, kind.options):
                return group
        return kind.options()

    def overlap(self, *, several: bool) -> float:
        """Return the highest IoU of two detections, of one proposer or of `several`."""
        if self.nms is not None:
            return self.nms
        return UNITED_OVERLAP if several else EVERY_OVERLAP


def kinds_of(text: str, flag: str, known: Collection[str] = tuple(KINDS)) -> tuple[str, ...]:
    """Split ``yolo+stored`` into kinds.

    Raises:
        BadInputError: If a kind is not among the `known`, or named twice.
    """
    kinds = tuple(text.split("+"))
    for kind in kinds:
        if kind not in known:
            problem = f"no proposer is called {kind!r}; there are {', '.join(known)}"
            raise BadInputError(f"{problem}, and several joined by +", record=flag)
    if len(set(kinds)) < len(kinds):
        raise BadInputError(f"expected each proposer once, not {text}", record=flag)
    if NO_CANDIDATES in kinds and len(kinds) > 1:
        raise BadInputError(f"{NO_CANDIDATES} cannot be united with others: {text}", record=flag)
    return kinds


def check_options(options: ProposerOptions, asked: Collection[str]) -> None:
    """Refuse options that the kinds of proposers that are `asked` lack, or do not use.

    Raises:
        BadInputError: Naming the first such option.
    """
    for kind in KINDS.values():
        own = options.of(kind)
        if kind.name in asked:
            kind.check(own)
        for flag in changed_flags(own):
            if kind.name not in asked:
                problem = f"it has no effect without the proposer {kind.name}"
                raise BadInputError(problem, record=flag)


def changed_flags(options: object) -> Iterator[str]:
    """Yield the flags of a class of options that have other values than their defaults."""
    default = type(options)()
    for one in fields(options):  # type: ignore[arg-type]
        value = getattr(options, one.name)
        if is_dataclass(value):
            yield from changed_flags(value)
        elif value != getattr(default, one.name):
            yield f"--{flag_name(one.name)}"


def member_of(
    kind: str, options: ProposerOptions, *, several: bool = False, device: str = "cpu"
) -> ProposerChoice:
    """Return one proposer, a member of a union or alone; a detector of the hub is fetched.

    Raises:
        BadInputError: If it cannot be.
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
    """Return what finds candidates in photos without annotations.

    Args:
        text: yolo, transformers, stored, or several joined by ``+``.
        options: Has a file for each of them.
        device: Where detectors run.

    Raises:
        BadInputError: If a name is unknown, or options are missing or of no use.
    """
    kinds = kinds_of(text, "--proposer", DETECTING)
    check_options(options, kinds)
    several = len(kinds) > 1
    return united(tuple(member_of(kind, options, several=several, device=device) for kind in kinds))
