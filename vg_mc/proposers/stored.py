"""Read stored detections, validate each record, and clip boxes to their images."""

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

FEWEST_JUDGED = 20  # minimum number of boxes for checks of the whole file
MOST_LEAVING = 0.05  # maximum fraction of boxes that exceed their image by more than ROUNDING
ROUNDING = 1.0  # pixels; formats with inclusive right and bottom edges differ by one


@dataclass(frozen=True, slots=True)
class StoredDetections:
    """The content of a file of detections.

    Attributes:
        file: The file.
        by_image: Boxes in pixels as stored, best first, ties in the order of the file; by image id,
            or by file name for records without id.
        records: Number of records in the file, valid and rejected.
        rejected: Invalid records with the reasons.
    """

    file: Path
    by_image: dict[int | str, list[Proposal]]
    records: int
    rejected: list[Rejected]


@dataclass(frozen=True, slots=True)
class CutDetections:
    """Detections of selected images, clipped to them.

    Attributes:
        by_image: Clipped boxes by image id, best first.
        cut: Number of boxes that were clipped.
        other: Number of detections of other images.
        rejected: Detections outside their image, or with a file name unknown to the corpus.
    """

    by_image: dict[int, list[Proposal]]
    cut: int
    other: int
    rejected: list[Rejected]


def read_detections(file: Path, *, skip_bad: bool) -> StoredDetections:
    """Read a file of detections in one of the formats of `detection_formats`.

    Args:
        file: The file.
        skip_bad: Collect invalid records instead of raising at the first one.

    Raises:
        BadInputError: If the format is unknown, or a record is invalid and `skip_bad` is False.
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
    """Clip the detections of `photos`, and reject those of which at most a pixel remains.

    Detections with unknown image ids are counted but not rejected, since detectors are often run on
    whole folders. Detections with unknown file names are rejected.

    Args:
        stored: The detections of a file.
        photos: The selected images.
        known: All images of the corpus.

    Raises:
        BadInputError: If no detection belongs to these images, or the boxes are apparently not in
            pixels of these images.
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
    """Return the message if no detection matches, with the image keys of both sides."""
    problem = "no detection matches an image to prepare"
    if not stored.by_image or not wanted:
        return problem
    theirs, ours = next(iter(stored.by_image)), wanted[0]
    return (
        f"{problem}; its image ids or file names may belong to another corpus. Its first image is "
        f"{theirs!r}; the first image to prepare is {ours.image_id}, {ours.file_name!r}"
    )


def _photo_meant(content: object) -> int | str:
    """Return the image id of a record, or its file name if it has no id."""
    fields = as_mapping(content)
    has_id, has_name = (fields.get(key) is not None for key in (IMAGE_ID, FILE_NAME))
    if has_id and has_name:
        problem = f"expected either {IMAGE_ID} or {FILE_NAME}, found both"
        raise BadInputError(problem)
    if not has_id and not has_name:
        raise BadInputError(f"expected a field {IMAGE_ID} or {FILE_NAME}, found neither")
    if isinstance(fields[IMAGE_ID] if has_id else None, str):
        problem = f"expected an integer as {IMAGE_ID}, found {reprlib.repr(fields[IMAGE_ID])}"
        raise BadInputError(f"{problem}; store the name of an image as {FILE_NAME}")
    return as_text(fields, FILE_NAME) if has_name else as_integer(fields, IMAGE_ID)


def _of_photo(stored: StoredDetections, photo: Photo) -> list[Proposal]:
    """Return the detections with the id or the file name of an image, best first."""
    by_id = stored.by_image.get(photo.image_id, [])
    by_name = stored.by_image.get(photo.file_name, [])
    return sorted([*by_id, *by_name], key=lambda detection: -detection.score)


def _of_unknown_photos(stored: StoredDetections, known: Iterable[Photo]) -> list[Rejected]:
    names = {photo.file_name for photo in known}
    return [
        Rejected(
            stored.file.name, f"a detection of {name}", "no image of the corpus has this file name"
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
            problem = "expected left < right and top < bottom"
            raise BadInputError(f"{problem}, found {list(numbers)}")
        return left, top, right, bottom
    width, height = others
    if width <= layout.surplus or height <= layout.surplus:
        meaning = " (this format adds 1 to both)" if layout.surplus else ""
        problem = f"expected a width and a height above {layout.surplus}{meaning}"
        raise BadInputError(f"{problem}, found {width} and {height}")
    return left, top, left + width - layout.surplus, top + height - layout.surplus


def _score(fields: Mapping[object, object], layout: Layout) -> float:
    if not layout.scored and "score" not in fields:
        return 1.0
    score = as_number(fields, "score")
    if not 0 <= score <= 1:
        raise BadInputError(f"expected a score from 0 to 1, found {score}")
    return score


def _require_pixels(found: list[tuple[Photo, list[Proposal]]], file: Path) -> None:
    """Check that boxes are in pixels of their images; files with few boxes are not checked.

    Raises:
        BadInputError: If many boxes exceed their image, or all lie within the first pixel.
    """
    placed = [(detection.box, photo) for photo, detections in found for detection in detections]
    if len(placed) < FEWEST_JUDGED:
        return
    leaving = sum(_leaves(box, photo) for box, photo in placed) / len(placed)
    if leaving > MOST_LEAVING:
        problem = (
            f"{leaving:.0%} of the boxes exceed their image; they may be in another format "
            "(corners in place of width and height), or of images of another size"
        )
        raise BadInputError(problem, file=file)
    if all(max(box) <= 1 for box, _ in placed):
        problem = "expected boxes in pixels, found only coordinates up to 1"
        raise BadInputError(problem, file=file)


def _leaves(box: XYXY, photo: Photo) -> bool:
    beyond = max(-box[0], -box[1], box[2] - photo.width, box[3] - photo.height)
    return beyond > ROUNDING


def _cut(detections: list[Proposal], photo: Photo) -> Iterator[XYXY | None]:
    """Yield clipped boxes, or None for a box of which at most a pixel remains."""
    written = boxes.as_boxes([detection.box for detection in detections])
    inside = boxes.clipped(written, photo.width, photo.height).tolist()
    for detection, (left, top, right, bottom) in zip(detections, inside, strict=True):
        box = (left, top, right, bottom)
        remains = box == detection.box or min(right - left, bottom - top) > 1
        yield box if remains else None


def _outside(detection: Proposal, photo: Photo, file: Path) -> Rejected:
    corners = ", ".join(f"{edge:g}" for edge in detection.box)
    reason = f"the box ({corners}) lies outside its image of {photo.width} x {photo.height} pixels"
    return Rejected(file.name, f"a detection of image {photo.image_id}", reason)
