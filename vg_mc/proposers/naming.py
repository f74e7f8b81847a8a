"""Proposers as people name them: ``yolo``, or several that are united, ``yolo+transformers``.

A proposer in words: the same part of a sentence on cards, in tables and on pages.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from vg_mc.errors import BadInputError
from vg_mc.proposers.choice import (
    DETECTORS,
    EVERY_OVERLAP,
    KINDS,
    NO_CANDIDATES,
    UNITED_OVERLAP,
    ProposerChoice,
    WhenEmpty,
    united,
)
from vg_mc.system.hub import MODEL, local_or_fetched

WITHOUT_ANNOTATIONS = (*DETECTORS, "stored")
NOT_ASKED = "it is for the proposer {}, which is not asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How boxes are found by whichever proposers are named; each field is a flag.

    Attributes:
        weights: Detector weights, for the proposer yolo.
        detector: Folder of a detector, or its id on the hub, for the proposer transformers.
        proposals: File of stored detections, for the proposer stored.
        nms: As in `ProposerChoice`; None stands for 0.7 in a union and for all boxes elsewhere.
        detector_size: Longer side of a photo in the proposer yolo, in pixels.
    """

    weights: Path | None = None
    detector: Path | None = None
    proposals: Path | None = None
    confidence: float = 0.25
    nms: float | None = None
    max_proposals: int | None = None
    when_empty: WhenEmpty = "none"
    detector_size: int | None = None
    device: str = "cpu"

    def overlap(self, *, several: bool) -> float:
        """Return the highest IoU of two detections, of one proposer or of `several`."""
        if self.nms is not None:
            return self.nms
        return UNITED_OVERLAP if several else EVERY_OVERLAP


def kinds_of(text: str, flag: str, known: Collection[str] = KINDS) -> tuple[str, ...]:
    """Take ``yolo+stored`` apart.

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


def check_finding(finding: Finding, asked: Collection[str]) -> None:
    """Refuse settings that make no sense, alone or for the kinds of proposers that are `asked`.

    Raises:
        BadInputError: Naming the first such setting.
    """
    for name in ("detector_size", "max_proposals"):
        value = getattr(finding, name)
        if value is not None and value < 1:
            flag = f"--{name.replace('_', '-')}"
            raise BadInputError(f"expected 1 or more, not {value}", record=flag)
    for name in ("confidence", "nms"):
        value = getattr(finding, name)
        if value is not None and not 0 <= value <= 1:
            raise BadInputError(f"expected 0 to 1, not {value}", record=f"--{name}")
    _check_sources(finding, asked)


def _check_sources(finding: Finding, asked: Collection[str]) -> None:
    """Look for a setting without its proposer, a proposer without its setting, a missing file."""
    for kind, flag, source in (
        ("yolo", "--weights", finding.weights),
        ("transformers", "--detector", finding.detector),
        ("stored", "--proposals", finding.proposals),
    ):
        if kind in asked and source is None:
            raise BadInputError(f"the proposer {kind} needs {flag}", record="--proposer")
        if kind not in asked and source is not None:
            raise BadInputError(NOT_ASKED.format(kind), record=flag)
        if source is not None and flag != "--detector" and not source.is_file():
            raise BadInputError("there is no such file", file=source, record=flag)
    if finding.detector_size is not None and "yolo" not in asked:
        raise BadInputError(NOT_ASKED.format("yolo"), record="--detector-size")


def member_of(kind: str, finding: Finding, nms: float) -> ProposerChoice:
    """Return one proposer, a member of a union or alone; a detector of the hub is fetched.

    Raises:
        BadInputError: If it cannot be.
    """
    source, model = finding.weights if kind == "yolo" else finding.proposals, ""
    if kind == "transformers" and finding.detector is not None:
        source = local_or_fetched(finding.detector, "model", MODEL)
        is_id = source != finding.detector
        model = finding.detector.as_posix() if is_id else source.resolve().name
    return ProposerChoice(
        kind,
        source,
        confidence=finding.confidence,
        detector_size=finding.detector_size if kind == "yolo" else None,
        device=finding.device,
        nms=nms,
        max_proposals=finding.max_proposals,
        when_empty=finding.when_empty,
        model=model,
    )


def named_proposer(text: str, finding: Finding) -> ProposerChoice:
    """Return what finds candidates in photos without annotations.

    Args:
        text: yolo, transformers, stored, or several joined by ``+``.
        finding: Has a file for each of them.

    Raises:
        BadInputError: If a name is unknown, or settings are wrong, missing or of no use.
    """
    kinds = kinds_of(text, "--proposer", WITHOUT_ANNOTATIONS)
    check_finding(finding, kinds)
    nms = finding.overlap(several=len(kinds) > 1)
    return united(tuple(member_of(kind, finding, nms) for kind in kinds))


_PHRASES = {
    "source": "{}",
    "confidence": "from confidence {}",
    "nms": "NMS {}",
    "max_proposals": "at most {} boxes",
    "when_empty": "{} where empty",
    "device": "on {}",
    "detector_size": "at {} pixels",
}
_UNSAID = ("when_empty", "none")

# Evaluations once kept names and values as they came: "kind yolo source best.pt nms None".
_NAMES = "kind|jitter|seed|source|confidence|nms|max_proposals|when_empty|device|detector_size"
_OLD_NAME = re.compile(rf"(?:^| )({_NAMES}|transformers|ultralytics) ")


def proposer_in_words(settings: Mapping[str, object]) -> str:
    """Tell the settings of a proposer, as a manifest has them; what changes nothing is left out."""
    said = [
        _PHRASES.get(name, f"{name.replace('_', ' ')} {{}}").format(value)
        for name, value in settings.items()
        if name != "kind" and value is not None and (name, value) != _UNSAID
    ]
    return ", ".join([str(settings["kind"]), *said])


def reworded(proposals: str) -> str:
    """Return what `proposer_in_words` says of a proposer that an older evaluation wrote down."""
    if not proposals.startswith("kind "):
        return proposals
    _, *parts = _OLD_NAME.split(proposals)
    settings = dict(zip(parts[::2], parts[1::2], strict=True))
    return proposer_in_words({name: said for name, said in settings.items() if said != "None"})
