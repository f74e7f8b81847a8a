"""Detections that somebody stored: checked one by one, and cut to the photos that they are of."""

import reprlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vg_mc.boxes import arithmetic as boxes
from vg_mc.errors import BadInputError
from vg_mc.proposers.detection_formats import Layout, stored_records
from vg_mc.proposers.detection_table import FILE_NAME, IMAGE_ID
from vg_mc.records import XYXY, Photo, Proposal, Rejected
from vg_mc.system.fields import as_integer, as_mapping, as_number, as_numbers, as_text

SOURCE = "stored"

FEWEST_JUDGED = 20  # boxes from which on a share of them means something
MOST_LEAVING = 0.05  # a detector's boxes stay in its photo, but for rounding
ROUNDING = 1.0  # pixels; a format that counts the last pixel in errs by one


@dataclass(frozen=True, slots=True)
class StoredDetections:
    """What a file of detections holds.

    Attributes:
        by_image: Boxes as they are written, in pixels, best first, ties in the order of the file;
            by image id, or by file name where a record has no id.
        records: How many records the file has; all of them stand above or below.
        rejected: Records that are no detections, and why.
    """

    file: Path
    by_image: dict[int | str, list[Proposal]]
    records: int
    rejected: list[Rejected]


@dataclass(frozen=True, slots=True)
class CutDetections:
    """Detections of the photos that matter.

    Attributes:
        by_image: Boxes inside of their photos, best first.
        cut: How many of them reached beyond their photo.
        other: How many detections are of photos that are not wanted.
        rejected: Detections outside of their photo, or of a photo that the corpus does not have.
    """

    by_image: dict[int, list[Proposal]]
    cut: int
    other: int
    rejected: list[Rejected]


def read_detections(file: Path, *, skip_bad: bool) -> StoredDetections:
    """Read a file of any format that `detection_formats` knows.

    Args:
        file: Where the detections are.
        skip_bad: List records that are no detections, instead of stopping at the first.

    Raises:
        BadInputError: If the file has another format, or a record is bad and not to be skipped.
    """
    layout, records = stored_records(file)
    by_image: dict[int | str, list[Proposal]] = defaultdict(list)
    rejected = []
    for name, content in records:
        try:
            photo, detection = _photo_meant(content), _detection(content, layout)
        except BadInputError as fault:
            if not skip_bad:
                raise BadInputError(fault.problem, file=file, record=name) from fault
            rejected.append(Rejected(file.name, name, fault.problem))
        else:
            by_image[photo].append(detection)
    for detections in by_image.values():
        detections.sort(key=lambda detection: -detection.score)  # sorting keeps ties in order
    return StoredDetections(file, dict(by_image), len(records), rejected)


def cut_to_photos(
    stored: StoredDetections, photos: Iterable[Photo], known: Iterable[Photo]
) -> CutDetections:
    """Cut the detections of `photos` to them; what leaves no more than a pixel is rejected.

    Detectors are run on whole folders, so that an image id that is not among the `known` ones, all
    photos of the corpus, is no fault. A file name that is not may be a slip, and is listed.

    Raises:
        BadInputError: If not one is of these photos, or so many leave them that they cannot be
            pixels of these photos.
    """
    wanted = list(photos)
    found = [(photo, _of_photo(stored, photo)) for photo in wanted
             if {photo.image_id, photo.file_name} & stored.by_image.keys()]  # fmt: skip
    if not found:
        raise BadInputError(_nothing_found(stored, wanted), file=stored.file)
    _require_pixels(found, stored.file)
    by_image: dict[int, list[Proposal]] = {}
    rejected = _of_unknown_photos(stored, known)
    total = sum(map(len, stored.by_image.values()))
    other = total - len(rejected) - sum(len(detections) for _, detections in found)
    cut = 0
    for photo, detections in found:
        by_image[photo.image_id] = kept = []
        for detection, box in zip(detections, _cut(detections, photo), strict=True):
            if box is None:
                rejected.append(_outside(detection, photo, stored.file))
                continue
            cut += box != detection.box
            kept.append(Proposal(box, detection.score, detection.category, detection.source))
    return CutDetections(by_image, cut, other, rejected)


def _nothing_found(stored: StoredDetections, wanted: list[Photo]) -> str:
    """Show how photos are called on either side, where no detection is of a wanted one."""
    problem = "not one detection is of a photo to prepare"
    if not stored.by_image or not wanted:
        return problem
    theirs, ours = next(iter(stored.by_image)), wanted[0]
    return (
        f"{problem}: are its image ids or file names another corpus's? Its first photo is "
        f"{theirs!r}, and the first to prepare is image {ours.image_id}, {ours.file_name!r}"
    )


def _photo_meant(content: object) -> int | str:
    """Return the image id of a record, or the file name that stands in its place."""
    fields = as_mapping(content)
    has_id, has_name = (fields.get(key) is not None for key in (IMAGE_ID, FILE_NAME))
    if has_id and has_name:
        problem = f"expected {IMAGE_ID} or {FILE_NAME}, found both: which of them is to be used?"
        raise BadInputError(problem)
    if not has_id and not has_name:
        raise BadInputError(f"expected a field {IMAGE_ID} or {FILE_NAME}, found neither")
    if isinstance(fields[IMAGE_ID] if has_id else None, str):
        problem = f"expected a whole number as {IMAGE_ID}, not {reprlib.repr(fields[IMAGE_ID])}"
        raise BadInputError(f"{problem}; the name of a photo is its {FILE_NAME}")
    return as_text(fields, FILE_NAME) if has_name else as_integer(fields, IMAGE_ID)


def _of_photo(stored: StoredDetections, photo: Photo) -> list[Proposal]:
    """Return the detections that name a photo in either way, best first."""
    by_id = stored.by_image.get(photo.image_id, [])
    by_name = stored.by_image.get(photo.file_name, [])
    return sorted([*by_id, *by_name], key=lambda detection: -detection.score)


def _of_unknown_photos(stored: StoredDetections, known: Iterable[Photo]) -> list[Rejected]:
    names = {photo.file_name for photo in known}
    return [
        Rejected(
            stored.file.name, f"a detection of {name}", "no photo of the corpus has this file name"
        )
        for name, detections in stored.by_image.items()
        if isinstance(name, str) and name not in names
        for _ in detections
    ]


def _detection(record: object, layout: Layout) -> Proposal:
    fields = as_mapping(record)
    named = (fields[name] for name in layout.categories if name in fields)
    category = next(named, None)
    return Proposal(
        box=_corners(_numbers(fields, layout), layout),
        score=_score(fields, layout),
        category=category if isinstance(category, str) else "",
        source=SOURCE,
    )


def _numbers(fields: Mapping[object, object], layout: Layout) -> tuple[float, ...]:
    if layout.edges is None:
        return as_numbers(fields, layout.box, 4)
    box = as_mapping(fields.get(layout.box))
    return tuple(as_number(box, edge) for edge in layout.edges)


def _corners(numbers: tuple[float, ...], layout: Layout) -> XYXY:
    left, top, *others = numbers
    if layout.corners:
        right, bottom = others
        if right <= left or bottom <= top:
            problem = "expected left before right and top before bottom"
            raise BadInputError(f"{problem}, not {list(numbers)}")
        return left, top, right, bottom
    width, height = others
    if width <= layout.surplus or height <= layout.surplus:
        meaning = ", which stand for more than 0" if layout.surplus else ""
        problem = f"expected a width and a height above {layout.surplus}{meaning}"
        raise BadInputError(f"{problem}, not {width} and {height}")
    return left, top, left + width - layout.surplus, top + height - layout.surplus


def _score(fields: Mapping[object, object], layout: Layout) -> float:
    if not layout.scored and "score" not in fields:
        return 1.0
    score = as_number(fields, "score")
    if not 0 <= score <= 1:
        raise BadInputError(f"expected a score from 0 to 1, not {score}")
    return score


def _require_pixels(found: list[tuple[Photo, list[Proposal]]], file: Path) -> None:
    """Notice boxes in another format or of photos of another size; few boxes prove nothing."""
    placed = [(detection.box, photo) for photo, detections in found for detection in detections]
    if len(placed) < FEWEST_JUDGED:
        return
    leaving = sum(_leaves(box, photo) for box, photo in placed) / len(placed)
    if leaving > MOST_LEAVING:
        problem = (
            f"{leaving:.0%} of the boxes leave their photo: are they in another format (corners in "
            "place of width and height), or of photos of another size?"
        )
        raise BadInputError(problem, file=file)
    if all(max(box) <= 1 for box, _ in placed):
        problem = "no box reaches beyond the first pixel: expected pixels, not shares of the photo"
        raise BadInputError(problem, file=file)


def _leaves(box: XYXY, photo: Photo) -> bool:
    beyond = max(-box[0], -box[1], box[2] - photo.width, box[3] - photo.height)
    return beyond > ROUNDING


def _cut(detections: list[Proposal], photo: Photo) -> Iterator[XYXY | None]:
    """Cut boxes to their photo; None where one leaves it and no more than a pixel remains."""
    written = boxes.as_boxes([detection.box for detection in detections])
    inside = boxes.clipped(written, photo.width, photo.height).tolist()
    for detection, (left, top, right, bottom) in zip(detections, inside, strict=True):
        box = (left, top, right, bottom)
        remains = box == detection.box or min(right - left, bottom - top) > 1
        yield box if remains else None


def _outside(detection: Proposal, photo: Photo, file: Path) -> Rejected:
    corners = ", ".join(f"{edge:g}" for edge in detection.box)
    reason = f"the box ({corners}) lies outside of its photo, {photo.width} x {photo.height} pixels"
    return Rejected(file.name, f"a detection of image {photo.image_id}", reason)
