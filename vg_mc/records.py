"""The words of the field as values: photo, referring expression, region proposal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

XYXY: TypeAlias = tuple[float, float, float, float]

TRAIN_SPLIT = "train"

# Sources of proposals that no detector found.
ANNOTATIONS = "annotations"
WHOLE_IMAGE = "whole-image"

# Weighting of the members of an ensemble; here, so that ``--help`` imports no heavy libraries.
Weighting = Literal["equal", "calibrated", "fitted", "probability", "rank"]

UNKNOWN_RIVALS = -1  # what a column of rivals says where they cannot be counted


@dataclass(frozen=True, slots=True)
class Photo:
    """An image as the corpus announces it; `width` and `height` in pixels."""

    image_id: int
    file_name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ReferringExpression:
    """One sentence that points at one box.

    Attributes:
        expression_id: Unique in the corpus (REFER's ``sent_id``).
        ref_id: Shared by all sentences about the same object.
        target: The box that is meant, in pixels of the photo.
        annotation_id: The annotation that is meant, -1 where the corpus has none.
        category: Name of the target's category, empty where unknown.
    """

    expression_id: int
    ref_id: int
    image_id: int
    annotation_id: int
    text: str
    target: XYXY
    category: str
    split: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A region that may be the answer, and where it comes from.

    Attributes:
        source: Name of the proposer.
        annotation_id: The annotation that it is, -1 for a detection.
        score: The detector's confidence, 1 for an annotation.
    """

    box: XYXY
    score: float
    category: str
    source: str
    annotation_id: int = -1


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that was left out, and why."""

    file: str
    record: str
    reason: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything read from annotations; no picture is opened for it.

    Attributes:
        annotations: Annotated regions per image id, in the order of the file.
        source_files: The files that were read, for the manifest.
        rejected: Records that were left out.
        texts: How many texts that were read had a fault that was or will be mended, by kind.
        assigned_ids: Image ids that the reader counted out itself, so that nobody else's file can
            mean these photos by them.
    """

    name: str
    images_folder: Path
    photos: dict[int, Photo]
    expressions: list[ReferringExpression]
    annotations: dict[int, list[Proposal]]
    source_files: list[Path]
    rejected: list[Rejected]
    texts: dict[str, int] = field(default_factory=dict)
    assigned_ids: frozenset[int] = frozenset()


class Proposer(Protocol):
    """Whatever finds regions in photos; built once per process, asked for many photos at a time."""

    def propose(
        self,
        photos: list[Photo],
        pixels: list[NDArray[np.uint8]],
        sentences: Sequence[Sequence[str]] = (),
    ) -> list[list[Proposal]]:
        """Return the proposals of each photo, best first.

        The answer for a photo does not depend on the photos beside it.

        Args:
            photos: What to look at.
            pixels: One RGB array (H, W, 3) per photo.
            sentences: What is said about each photo, for detectors that read.
        """
