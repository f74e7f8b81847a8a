"""The source ``relation``: subject, predicate and object; the target is the subject.

Predicates come from the geometry of detections, or from a file of scene-graph triplets such as the
output of RelTR (https://github.com/yrcong/RelTR), as in CLIP-VG.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from vg_mc.boxes.arithmetic import as_boxes, iou_matrix
from vg_mc.corpora.pseudo_labels.geometry import RELATIONS
from vg_mc.corpora.pseudo_labels.labels import DetectedImage, DetectedObject, PseudoLabel
from vg_mc.corpora.pseudo_labels.words import denotes
from vg_mc.system.options import AT_LEAST_0, AT_LEAST_1

NAME = "relation"
SAME_OBJECT = 0.5  # IoU of two boxes of one object in different triplets


@dataclass(frozen=True, slots=True)
class RelationOptions:
    """Options of the source relation."""

    relations: Annotated[int, AT_LEAST_1] = 6
    """Largest number of expressions of an image."""

    keep_ambiguous: bool = False
    """Keep expressions that match several objects of the image."""

    seed: Annotated[int, AT_LEAST_0] = 0
    """Seed of the draw among relations from geometry."""


class Triplet(NamedTuple):
    """A relation of two objects of an image.

    Attributes:
        score: Product of the scores of its parts, which ranks triplets.
    """

    subject: DetectedObject
    predicate: str
    object: DetectedObject
    score: float

    @property
    def text(self) -> str:
        """The expression."""
        return f"{self.subject.noun} {self.predicate} {self.object.noun}"

    @property
    def key(self) -> str:
        """The stated facts."""
        return f"{self.subject.noun}|{self.predicate}|{self.object.noun}"


class RelationSource:
    """Makes expressions from triplets: given ones, or else those of geometry."""

    name = NAME

    def __init__(
        self,
        options: RelationOptions,
        triplets: Mapping[str, Sequence[Triplet]] | None = None,  # by file name
    ) -> None:
        """Create a source; without `triplets`, relations follow from geometry."""
        self.options = options
        self.triplets = triplets

    def labels(self, image: DetectedImage) -> list[PseudoLabel]:
        """Return up to `relations` labels of the image."""
        known = self._triplets(image)
        kept = [
            one
            for one in dict.fromkeys(known)
            if self.options.keep_ambiguous or _is_unique(one, known)
        ]
        distinct = list({one.text: one for one in reversed(kept)}.values())[::-1]
        chosen = self._chosen(distinct, image.photo.image_id)
        return [
            PseudoLabel(image.photo, one.text, one.subject, NAME, one.predicate, one.key)
            for one in chosen
        ]

    def _triplets(self, image: DetectedImage) -> list[Triplet]:
        if self.triplets is None:
            return list(geometric(image.objects))
        return sorted(self.triplets.get(image.photo.file_name, ()), key=lambda one: -one.score)

    def _chosen(self, distinct: list[Triplet], image_id: int) -> list[Triplet]:
        """Return the best triplets of a file, or a draw from those of geometry."""
        if self.triplets is not None or len(distinct) <= self.options.relations:
            return distinct[: self.options.relations]
        generator = np.random.default_rng([self.options.seed, image_id])
        drawn = generator.choice(len(distinct), self.options.relations, replace=False)
        return [distinct[place] for place in sorted(drawn.tolist())]


def geometric(objects: Sequence[DetectedObject]) -> Iterator[Triplet]:
    """Yield all relations between pairs of objects that follow from their boxes."""
    for subject in objects:
        for other in objects:
            if other is subject or other.noun == subject.noun:
                continue
            for predicate, holds in RELATIONS.items():
                if holds(subject.box, other.box):
                    yield Triplet(subject, predicate, other, subject.score * other.score)


def _is_unique(one: Triplet, known: Sequence[Triplet]) -> bool:
    """Return whether no other object is known to be in the same relation.

    Relations that a file of triplets does not contain are taken as false.
    """
    also = [
        each.subject.box
        for each in known
        if each.predicate == one.predicate
        and _fits(one.subject, each.subject)
        and _fits(one.object, each.object)
    ]
    ious = iou_matrix(as_boxes(one.subject.box), as_boxes(also))
    return bool((ious > SAME_OBJECT).all())


def _fits(described: DetectedObject, other: DetectedObject) -> bool:
    """Return whether the noun of an object also describes another one."""
    return denotes(described.name, other.name) and described.attribute in (None, other.attribute)
