"""Clean-up of detections, and assignment of garments to the people who wear them.

The rules are those of Pseudo-Q (https://github.com/LeapLabTHU/Pseudo-Q).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vg_mc.boxes.arithmetic import areas, as_boxes, intersections, iou_matrix
from vg_mc.corpora.pseudo_labels.labels import DetectedObject
from vg_mc.corpora.pseudo_labels.words import PART_OF, PEOPLE, Part
from vg_mc.records import Photo

SMALLEST = 1 / 64  # of the area of the image; garments may be smaller
SAME_GARMENT = 0.4  # IoU
WORN = 0.75  # share of a garment inside the box of its wearer
HEAD_ABOVE = 0.75  # height of the center of a hat, as a share of the person from its bottom
LEGS_BELOW = 0.5


@dataclass(frozen=True, slots=True)
class Wearer:
    """A person or a thing, with the garments that it wears; things wear nothing."""

    item: DetectedObject
    garments: tuple[DetectedObject, ...] = ()

    @property
    def is_person(self) -> bool:
        """Whether the object is a person."""
        return self.item.name in PEOPLE


def wearers(objects: Sequence[DetectedObject], photo: Photo) -> list[Wearer]:
    """Return all people and things that are large enough, with garments assigned to people.

    Garments are not objects of their own. Of overlapping garments of one part of the body, the one
    with the highest score is kept.
    """
    garments = _distinct([one for one in objects if one.name in PART_OF])
    smallest = SMALLEST * photo.width * photo.height
    return [
        Wearer(one, tuple(each for each in garments if one.name in PEOPLE and _wears(one, each)))
        for one in objects
        if one.name not in PART_OF and float(areas(as_boxes(one.box))[0]) >= smallest
    ]


def _distinct(garments: list[DetectedObject]) -> list[DetectedObject]:
    """Suppress garments that overlap with a better one of the same part; order is kept."""
    kept: list[DetectedObject] = []
    for one in sorted(garments, key=lambda garment: -garment.score):
        same = [each for each in kept if PART_OF[each.name] == PART_OF[one.name]]
        ious = iou_matrix(as_boxes(one.box), as_boxes([each.box for each in same]))
        if not (ious > SAME_GARMENT).any():
            kept.append(one)
    return [one for one in garments if one in kept]


def _wears(person: DetectedObject, garment: DetectedObject) -> bool:
    box = as_boxes(garment.box)
    if not intersections(box, as_boxes(person.box))[0, 0] > WORN * areas(box)[0]:
        return False
    _, top, _, bottom = person.box
    height = (bottom - (garment.box[1] + garment.box[3]) / 2) / (bottom - top)
    part = PART_OF[garment.name]
    if part is Part.HEAD:
        return height > HEAD_ABOVE
    return part is not Part.LEGS or height < LEGS_BELOW
