"""Detected objects of an image, pseudo-labels made from them, and the protocol of their sources."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vg_mc.records import XYXY, Photo


@dataclass(frozen=True, slots=True)
class DetectedObject:
    """A detection with the words that describe it.

    Attributes:
        box: Left, top, right, bottom in pixels.
        score: Confidence of the detector.
        name: Category in lower case.
        attribute: A word such as a color; None if unknown.
        caption: A sentence about the crop of the object; None without one.
    """

    box: XYXY
    score: float
    name: str
    attribute: str | None = None
    caption: str | None = None

    @property
    def noun(self) -> str:
        """The category with its attribute, unless the category contains it already."""
        if self.attribute is None or self.attribute in self.name.split():
            return self.name
        return f"{self.attribute} {self.name}"


@dataclass(frozen=True, slots=True)
class DetectedImage:
    """An image, its objects, and captions if there are any.

    Attributes:
        captions: Sentences about the whole image.
    """

    photo: Photo
    objects: Sequence[DetectedObject]
    captions: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class PseudoLabel:
    """An expression made up for an object.

    Attributes:
        text: The expression.
        target: The object.
        rule: The pattern that made the expression, such as ``noun place``.
        key: The facts that the expression states, for debugging and for merging of sources.
    """

    photo: Photo
    text: str
    target: DetectedObject
    source: str
    rule: str
    key: str


class LabelSource(Protocol):
    """A source of pseudo-labels."""

    @property
    def name(self) -> str:
        """Name of the source in labels."""

    def labels(self, image: DetectedImage) -> list[PseudoLabel]:
        """Return the labels of an image, which do not depend on other images."""
