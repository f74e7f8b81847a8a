"""Basic records: image, referring expression, region proposal and corpus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

XYXY: TypeAlias = tuple[float, float, float, float]

TRAIN_SPLIT = "train"

# Sources of proposals other than detectors.
ANNOTATIONS = "annotations"
WHOLE_IMAGE = "whole-image"

# Weighting of ensemble members; defined here so that ``--help`` imports no heavy libraries.
Weighting = Literal["equal", "calibrated", "fitted", "probability", "rank"]

# The frame of an image: its pixels as stored, or as viewers show them, with the EXIF orientation.
Orientation = Literal["stored", "shown"]

UNKNOWN_DISTRACTORS = -1  # value if the number of distractors is unknown


@dataclass(frozen=True, slots=True)
class Photo:
    """An image of a corpus; `width` and `height` in pixels."""

    image_id: int
    file_name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """A folder of image files, and the frame that their sizes, pixels and boxes refer to.

    Attributes:
        orientation: ``stored`` ignores the EXIF orientation of the files, as COCO's boxes do;
            ``shown`` applies it, as image viewers and annotation tools do.
    """

    path: Path
    orientation: Orientation = "stored"


@dataclass(frozen=True, slots=True)
class ReferringExpression:
    """One expression and its target.

    Attributes:
        expression_id: Unique in the corpus (REFER's ``sent_id``).
        ref_id: Shared by all expressions about the same object.
        target: The target box in pixels of the image.
        annotation_id: The annotation of the target, if there is one.
        category: Category name of the target, if known.
    """

    expression_id: int
    ref_id: int
    image_id: int
    annotation_id: int | None
    text: str
    target: XYXY
    category: str | None
    split: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A region of an image and its source.

    Attributes:
        source: Name of the proposer.
        annotation_id: Id of the annotation; None for a detection.
        category: Category name, if known.
        score: Confidence of the detector, 1 for an annotation.
    """

    box: XYXY
    score: float
    category: str | None
    source: str
    annotation_id: int | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that was skipped, with the reason."""

    file: str
    record: str
    reason: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """The content of a corpus; images are not opened.

    Attributes:
        annotations: Annotated regions per image id, in the order of the file.
        source_files: The files that were read, for the manifest.
        rejected: Records that were skipped.
        texts: Number of texts with a fault that cleaning or truncation repairs, by kind of fault.
        assigned_ids: Image ids that the reader assigned, so other files cannot refer to them.
        boxes: Convention of the boxes in the file, and how it is known; empty if the format has a
            single one.
        notes: What the reader inferred or left out, one sentence each, for the summary.
        categories: Names of the categories that a detector may find, by id.
    """

    name: str
    images_folder: ImageFolder
    photos: dict[int, Photo]
    expressions: list[ReferringExpression]
    annotations: dict[int, list[Proposal]]
    source_files: list[Path]
    rejected: list[Rejected]
    texts: dict[str, int] = field(default_factory=dict)
    assigned_ids: frozenset[int] = frozenset()
    boxes: str = ""
    notes: list[str] = field(default_factory=list)
    categories: Mapping[int, str] = field(default_factory=dict)


class Proposer(Protocol):
    """Finds regions in images; created once per process, called with several images at a time."""

    def propose(
        self,
        photos: list[Photo],
        pixels: list[NDArray[np.uint8]],
        sentences: Sequence[Sequence[str]] = (),
    ) -> list[list[Proposal]]:
        """Return the proposals of each image, best first.

        The proposals of an image do not depend on the other images.

        Args:
            photos: The images.
            pixels: One RGB array (H, W, 3) per image.
            sentences: Expressions about each image, for open-vocabulary detectors.
        """
