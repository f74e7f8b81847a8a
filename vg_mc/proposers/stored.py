"""Detections that somebody stored, in the format of MAttNet.

The file is a list of ``{image_id, box, score, category_name, ...}``. Its boxes are ``(left, top,
width, height)`` with a pixel too much on each side, since MAttNet counted the last pixel in
(https://github.com/lichengunc/MAttNet, ``tools/run_detect.py``).
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vg_mc import boxes
from vg_mc.faults import BadInputError
from vg_mc.fields import as_integer, as_number, as_numbers, place, read_json
from vg_mc.records import Photo, Proposal


class StoredProposer:
    """Proposes what a detector found earlier, best first, ties in the order of the file."""

    name = "stored"

    def __init__(self, file: Path, *, confidence: float) -> None:
        """Read all detections that score at least `confidence`.

        Raises:
            BadInputError: If the file, or any record in it, is not as described above.
        """
        self._detections: dict[int, list[Proposal]] = defaultdict(list)
        for position, record in enumerate(_records(file)):
            try:
                image_id, detection = as_integer(record, "image_id"), _detection(record)
            except BadInputError as fault:
                where = f"detection {position}, {place(record, 'det_id', position)}"
                raise BadInputError(fault.problem, file=file, record=where) from fault
            if detection.score >= confidence:
                self._detections[image_id].append(detection)
        for detections in self._detections.values():
            detections.sort(key=lambda detection: -detection.score)  # sorting keeps ties in order

    def propose(
        self,
        photos: list[Photo],
        pixels: list[NDArray[np.uint8]],  # noqa: ARG002 - one signature for all proposers
    ) -> list[list[Proposal]]:
        """Return the stored detections of each photo, cut to it; the pixels are not looked at."""
        return [_inside(self._detections.get(photo.image_id, []), photo) for photo in photos]


def _records(file: Path) -> list[object]:
    content = read_json(file)
    if not isinstance(content, list):
        kind = type(content).__name__
        raise BadInputError(f"expected a list of detections, not {kind}", file=file)
    return content


def _detection(record: object) -> Proposal:
    left, top, width, height = as_numbers(record, "box", 4)
    if width <= 1 or height <= 1:
        problem = f"expected a width and a height above 1, which stand for more than 0, not {width}"
        raise BadInputError(f"{problem} and {height}")
    score = as_number(record, "score")
    if not 0 <= score <= 1:
        raise BadInputError(f"expected a score from 0 to 1, not {score}")
    category = record.get("category_name") if isinstance(record, Mapping) else None
    return Proposal(
        box=(left, top, left + width - 1, top + height - 1),
        score=score,
        category=category if isinstance(category, str) else "",
        source=StoredProposer.name,
    )


def _inside(detections: list[Proposal], photo: Photo) -> list[Proposal]:
    """Cut detections to the photo; one that lies outside is dropped."""
    corners = boxes.as_boxes([detection.box for detection in detections])
    corners = boxes.clipped(corners, photo.width, photo.height)
    return [
        Proposal((left, top, right, bottom), found.score, found.category, found.source)
        for found, (left, top, right, bottom) in zip(detections, corners.tolist(), strict=True)
        if right > left and bottom > top
    ]
