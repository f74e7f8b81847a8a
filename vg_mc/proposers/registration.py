"""Registration of proposers: name, options class, and how boxes are found.

Modules that define a registration import heavy libraries inside functions, since ``--help`` reads
their options.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from vg_mc.errors import BadInputError
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.records import Photo, Proposal, Proposer

Options = TypeVar("Options")


class Known(NamedTuple):
    """Information about an image that is available without decoding it.

    Attributes:
        photo: File name and size.
        annotated: The annotated boxes.
        stored: The detections in the file of the proposer.
    """

    photo: Photo
    annotated: Sequence[Proposal] = ()
    stored: Sequence[Proposal] = ()


@dataclass(frozen=True)
class NoOptions:
    """Options class of a proposer without options."""


def _nothing(_: object) -> None:
    """Accept any options."""


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[Options]):
    """A kind of proposer that can be selected by name.

    It defines either `known` or `build`.

    Attributes:
        name: Name in ``--proposer``, and the source of its boxes.
        summary: Short description for help.
        options: The options class.
        check: Raises `BadInputError` for invalid options.
        configure: Returns the fields of its `ProposerChoice` that follow from the options;
            downloads models of the hub.
        known: Returns the boxes of an image without its pixels.
        build: Builds a detector with the given device and confidence.
        settings: Returns the settings that a manifest lists besides the kind.
        detects: Whether its boxes are detections, which are available for any image, selected by
            confidence and overlap, and used as extra negatives in training.
        trained: Whether its boxes depend on images that a detector was trained on.
        reads_file: Whether its boxes are read from a file of detections.
    """

    name: str
    summary: str
    options: type[Options]
    check: Callable[[Options], None] = _nothing
    configure: Callable[[Options], Mapping[str, Any]] = lambda _: {}
    known: Callable[[ProposerChoice, Known], Sequence[Proposal]] | None = None
    build: Callable[[ProposerChoice], Proposer] | None = None
    settings: Callable[[ProposerChoice], Mapping[str, Any]] = lambda _: {}
    detects: bool = True
    trained: bool = False
    reads_file: bool = False


def require(source: Path | None, kind: str, flag: str) -> Path:
    """Return the file or folder that a proposer requires.

    Raises:
        BadInputError: If it is None.
    """
    if source is None:
        raise BadInputError(f"the proposer {kind} requires {flag}", record="--proposer")
    return source


def require_file(source: Path | None, kind: str, flag: str) -> Path:
    """Return the file that a proposer requires.

    Raises:
        BadInputError: If it is None or does not exist.
    """
    file = require(source, kind, flag)
    if not file.is_file():
        raise BadInputError("no such file", file=file, record=flag)
    return file


def selection_settings(choice: ProposerChoice) -> dict[str, Any]:
    """Return the settings by which detections are selected."""
    return {
        "source": choice.model or (choice.source.name if choice.source else None),
        "confidence": choice.confidence,
        "nms": choice.nms,
        "max_proposals": choice.max_proposals,
        "when_empty": choice.when_empty,
    }


def detector_settings(choice: ProposerChoice, library: str, **own: object) -> dict[str, Any]:
    """Return the settings of a detector: how detections are selected and found.

    Args:
        choice: The detector.
        library: The package that runs it, which is listed with its version.
        own: Further settings of its kind.
    """
    device = choice.device.partition(":")[0]  # the type without its index
    return {**selection_settings(choice), "device": device, **own, library: version(library)}
