"""What the file of a kind of proposer registers: a name, a class of options, how boxes are found.

Such a file imports heavy libraries inside its functions only, since its options are read for
``--help``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from vg_mc.errors import BadInputError
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.records import Photo, Proposal, Proposer

Options = TypeVar("Options")


class Known(NamedTuple):
    """What is known of an image before it is opened.

    Attributes:
        photo: Its name and size.
        annotated: The annotated boxes.
        stored: Its detections in the file of this proposer.
    """

    photo: Photo
    annotated: Sequence[Proposal] = ()
    stored: Sequence[Proposal] = ()


@dataclass(frozen=True)
class NoOptions:
    """The options of a kind that has none."""


def _nothing(_: object) -> None:
    """Accept any options."""


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[Options]):
    """A kind of proposer by name. It either knows its boxes, or builds what looks at images.

    Attributes:
        name: Its name in ``--proposer``, and the source of its boxes.
        summary: What it is, for help.
        options: The class of its options.
        check: Raises `BadInputError` for options with which it cannot be used.
        configure: Returns the fields of its `ProposerChoice` that follow from its options; what is
            on the hub is fetched.
        known: Returns the boxes of an image that it knows without a look at pixels.
        build: Builds what looks at pixels, on the device and from the confidence that are given.
        settings: Returns what a manifest lists besides the kind.
        detects: Whether its boxes are detections: found in any image, selected by confidence and
            overlap, and added as further negatives to training images.
        trained: Whether its boxes depend on images that it was trained on.
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
    """Return the file or folder that a kind of proposer needs.

    Raises:
        BadInputError: If the user named none.
    """
    if source is None:
        raise BadInputError(f"the proposer {kind} needs {flag}", record="--proposer")
    return source


def require_file(source: Path | None, kind: str, flag: str) -> Path:
    """Return the file that a kind of proposer needs.

    Raises:
        BadInputError: If the user named none, or it is not there.
    """
    file = require(source, kind, flag)
    if not file.is_file():
        raise BadInputError("there is no such file", file=file, record=flag)
    return file


def selection_settings(choice: ProposerChoice) -> dict[str, Any]:
    """Return the settings of a proposer whose boxes are selected by their confidence."""
    return {
        "source": choice.model or (choice.source.name if choice.source else None),
        "confidence": choice.confidence,
        "nms": choice.nms,
        "max_proposals": choice.max_proposals,
        "when_empty": choice.when_empty,
    }


def device_setting(choice: ProposerChoice) -> dict[str, str]:
    """Return the type of the device; which card does not matter."""
    return {"device": choice.device.partition(":")[0]}
