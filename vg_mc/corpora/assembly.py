"""Assembly of a corpus from expression records.

Missing ids are assigned, each record is matched with its image, and boxes are checked against the
image size.
"""

from collections.abc import Hashable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import numpy as np

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.boxes.clipping import cut_to_photo
from vg_mc.boxes.conventions import BoxConvention
from vg_mc.boxes.frames import Framed
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.corpora.cells import counter
from vg_mc.corpora.expression_records import ExpressionRecord
from vg_mc.corpora.frames import ImageFrames, PlacedBox
from vg_mc.corpora.inspection import Inspection
from vg_mc.corpora.instances import Instances, read_instances, require_image
from vg_mc.errors import BadInputError
from vg_mc.images.coco_names import coco_number
from vg_mc.images.files import require_photos
from vg_mc.images.headers import header_of_file
from vg_mc.records import (
    ANNOTATIONS,
    XYXY,
    Corpus,
    Orientation,
    Photo,
    Proposal,
    ReferringExpression,
)


def number_images(records: Iterable[ExpressionRecord]) -> dict[str, int]:
    """Return an id for every file name.

    The id is the one given in a record. Without any given id, it is the COCO id if all names are
    COCO file names. All other names get the next free ids.
    """
    own: dict[str, int | None] = {}
    for record in records:
        if own.get(record.file_name) is None:
            own[record.file_name] = record.image_id
    if not any(number is not None for number in own.values()):
        own = {name: coco_number(name) for name in own}
        if None in own.values():
            own = dict.fromkeys(own)
    following = counter(own.values())
    return {name: following() if number is None else number for name, number in own.items()}


def assigned_ids(records: Iterable[ExpressionRecord], image_ids: dict[str, int]) -> frozenset[int]:
    """Return the ids of `number_images` that come neither from a record nor from COCO."""
    given = {(record.file_name, record.image_id) for record in records}
    return frozenset(
        number
        for name, number in image_ids.items()
        if (name, number) not in given and number != coco_number(name)
    )


class PhotoRegister:
    """The images of a corpus, each looked up once: in the record, the candidates, or its file.

    Attributes:
        found: The usable images by id.
    """

    def __init__(
        self, frames: ImageFrames, image_ids: dict[str, int], announced: dict[int, Photo]
    ) -> None:
        self.found: dict[int, Photo] = {}
        self._frames = frames
        self._image_ids = image_ids
        self._announced = announced
        self._faults: dict[str, BadInputError] = {}  # by file name

    def require_unmeasured(self, records: list[ExpressionRecord]) -> None:
        """Report all missing images at once if their sizes have to be read from files."""
        unmeasured = {
            record.file_name: Photo(self._image_ids[record.file_name], record.file_name, 0, 0)
            for record in records
            if record.size is None and self._image_ids[record.file_name] not in self._announced
        }
        require_photos(self._frames.folder, unmeasured.values())

    def of(self, record: ExpressionRecord) -> Photo:
        """Return the image of a record.

        Raises:
            BadInputError: If the image is unusable or contradicts an earlier record.
        """
        image_id = self._image_ids[record.file_name]
        if record.image_id not in (None, image_id):
            problem = f"expected {record.file_name} to be image {image_id} as in earlier records"
            raise BadInputError(f"{problem}, not {record.image_id}")
        photo = self.found.get(image_id) or self._look_up(image_id, record)
        if photo.file_name != record.file_name:
            problem = f"expected image {image_id} to be {photo.file_name} as in earlier records"
            raise BadInputError(f"{problem}, not {record.file_name}")
        if record.size is not None and not self._frames.has_size(photo, record.size):
            size = f"{photo.width} x {photo.height}"
            raise BadInputError(f"expected an image size of {size} pixels, not {record.size}")
        return photo

    def turn_to(self, frame: Orientation) -> None:
        """Change the sizes of all images that were found to those of a frame."""
        self.found = {
            image_id: self._frames.in_frame(photo, frame) for image_id, photo in self.found.items()
        }

    def _look_up(self, image_id: int, record: ExpressionRecord) -> Photo:
        if record.file_name in self._faults:
            raise self._faults[record.file_name]
        try:
            width, height = self._size(image_id, record)
        except BadInputError as fault:
            self._faults[record.file_name] = fault
            raise
        photo = Photo(image_id, record.file_name, width, height)
        self.found[image_id] = self._frames.in_frame(photo, self._frames.folder.orientation)
        return self.found[image_id]

    def _size(self, image_id: int, record: ExpressionRecord) -> tuple[int, int]:
        if image_id in self._announced:
            return self._announced[image_id].width, self._announced[image_id].height
        if record.size is not None:
            return record.size
        return header_of_file(self._frames.folder, record.file_name)[:2]


@dataclass(frozen=True, slots=True)
class Source:
    """The context that expression records are read in.

    Attributes:
        name: Name of the corpus.
        files: All files that were read.
        declared: What is stated about the boxes of the records.
        candidates_file: A file in the format of COCO's ``instances.json`` with the annotated
            regions of every image. Without it, the targets of all expressions are the candidates.
    """

    name: str
    files: list[Path]
    frames: ImageFrames
    declared: DeclaredBoxes
    candidates_file: Path | None = None


def assemble(records: list[ExpressionRecord], source: Source, inspection: Inspection) -> Corpus:
    """Check records against their images and each other, and assign missing ids.

    Raises:
        BadInputError: If the boxes are in another format, or at the first bad record without
            ``skip_bad``.
    """
    image_ids = number_images(records)
    assigned = assigned_ids(records, image_ids)
    candidates = Instances()
    if source.candidates_file is not None:
        referenced = {one.annotation_id for one in records if one.annotation_id is not None}
        needed = set(image_ids.values()) - assigned
        candidates = read_instances(source.candidates_file, needed, referenced, inspection)
    photos = PhotoRegister(source.frames, image_ids, candidates.photos)
    if not inspection.skip_bad:
        photos.require_unmeasured(records)
    framed = _convention(records, photos, source)
    photos.turn_to(framed.orientation)
    inspection.notes += framed.notes

    maker = _ExpressionMaker(records, source, photos, candidates, framed.judged.convention)
    for record in records:
        with inspection.record(record.file, record.place):
            if source.candidates_file is not None and image_ids[record.file_name] in assigned:
                _refuse_join(record)
            maker.add(record)
    known = source.candidates_file is not None
    return Corpus(
        name=source.name,
        images_folder=replace(source.frames.folder, orientation=framed.orientation),
        photos=photos.found,
        expressions=list(maker.expressions.values()),
        annotations=candidates.annotations if known else maker.annotations,
        source_files=[*source.files, *([source.candidates_file] if source.candidates_file else [])],
        rejected=inspection.rejected,
        texts=dict(inspection.texts),
        assigned_ids=assigned & photos.found.keys(),
        boxes=framed.judged.described,
        notes=inspection.notes,
        categories=candidates.categories,
    )


def _refuse_join(record: ExpressionRecord) -> NoReturn:
    problem = "--instances is joined on image ids, but the record has no image_id"
    raise BadInputError(f"{problem}, and {record.file_name!r} is not a COCO file name")


def _convention(records: list[ExpressionRecord], photos: PhotoRegister, source: Source) -> Framed:
    """Return frame and convention of all readable boxes."""
    placed = []
    for record in records:
        with suppress(BadInputError):  # reported when the record itself is checked
            placed.append(PlacedBox(record.box, photos.of(record), record.size))
    return source.frames.convention(placed, source.declared, source.files[0])


class _ExpressionMaker:
    """Converts records to expressions and assigns box and reference ids in order of appearance.

    Attributes:
        annotations: The target boxes per image id.
    """

    def __init__(
        self,
        records: list[ExpressionRecord],
        source: Source,
        photos: PhotoRegister,
        candidates: Instances,
        convention: BoxConvention,
    ) -> None:
        self.expressions: dict[int, ReferringExpression] = {}
        self.annotations: dict[int, list[Proposal]] = {}
        self._source = source
        self._photos = photos
        self._candidates = candidates
        self._convention = convention
        self._next_expression = counter(one.expression_id for one in records)
        self._next_reference = counter(one.ref_id for one in records)
        self._next_annotation = counter(one.annotation_id for one in records)
        self._references: dict[Hashable, int] = {}
        self._regions: dict[Hashable, Proposal] = {}

    def add(self, record: ExpressionRecord) -> None:
        """Add one record.

        Raises:
            BadInputError: If it contradicts its image or an earlier record.
        """
        photo = self._photos.of(record)
        if self._source.candidates_file is not None:
            require_image(photo.image_id, self._candidates)
        if record.expression_id in self.expressions:
            problem = f"expected every id once; an earlier record has the id {record.expression_id}"
            raise BadInputError(problem)
        target = self._target(record, photo)
        region = self._region(record, photo, target)
        key = (photo.image_id, region.annotation_id, target, record.split)
        reference = record.ref_id
        if reference is None:
            if key not in self._references:
                self._references[key] = self._next_reference()
            reference = self._references[key]
        number = record.expression_id
        number = self._next_expression() if number is None else number
        self.expressions[number] = ReferringExpression(
            expression_id=number,
            ref_id=reference,
            image_id=photo.image_id,
            annotation_id=region.annotation_id,
            text=record.text,
            target=target,
            category=region.category,
            split=record.split,
        )

    def _target(self, record: ExpressionRecord, photo: Photo) -> XYXY:
        numbers = as_boxes(record.box)
        size = np.array([[photo.width, photo.height]], dtype=np.float64)
        corners = self._convention.to_xyxy(numbers, size)
        return cut_to_photo(corners, record.box, photo.width, photo.height)

    def _region(self, record: ExpressionRecord, photo: Photo, target: XYXY) -> Proposal:
        """Return the annotated region of a record; create it at its first occurrence."""
        number = record.annotation_id
        if self._source.candidates_file is not None:
            known = None if number is None else self._candidates.region_of.get(number)
            category = record.category or (known.category if known else None)
            return Proposal(target, 1.0, category, ANNOTATIONS, number)
        key: Hashable = (photo.image_id, target if number is None else number)
        if key not in self._regions:
            number = self._next_annotation() if number is None else number
            region = Proposal(target, 1.0, record.category, ANNOTATIONS, number)
            self._regions[key] = region
            self.annotations.setdefault(photo.image_id, []).append(region)
        region = self._regions[key]
        if region.box != target:
            problem = f"expected annotation {number} at {region.box} as in earlier records"
            raise BadInputError(f"{problem}, not at {target}")
        return region
