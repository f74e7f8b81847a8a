"""From statements to a corpus: numbers for what has none, and boxes that fit their photos."""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.boxes.formats import BoxFormat, cut_to_photo, require_fit, to_xyxy
from vg_mc.corpora.expression_records import Statement
from vg_mc.corpora.image_index import PhotoRegister, counter, made_up_ids, number_images
from vg_mc.corpora.inspection import Inspection
from vg_mc.corpora.instances import Instances, read_instances, require_image
from vg_mc.errors import BadInputError
from vg_mc.records import ANNOTATIONS, XYXY, Corpus, Photo, Proposal, ReferringExpression


@dataclass(frozen=True, slots=True)
class Source:
    """What statements are about.

    Attributes:
        name: Of the corpus.
        files: All files that were read.
        candidates_file: A file like COCO's ``instances.json`` with the annotated regions of every
            image; without it they are the boxes that some statement means.
    """

    name: str
    files: list[Path]
    images_folder: Path
    box_format: BoxFormat
    candidates_file: Path | None = None


def assemble(statements: list[Statement], source: Source, inspection: Inspection) -> Corpus:
    """Check statements against their photos and each other, and number what has no number.

    Raises:
        BadInputError: If the boxes are of another format, or at the first bad statement.
    """
    image_ids = number_images(statements)
    made_up = made_up_ids(statements, image_ids)
    candidates = Instances()
    if source.candidates_file is not None:
        meant = {one.annotation_id for one in statements if one.annotation_id is not None}
        needed = set(image_ids.values()) - made_up
        candidates = read_instances(source.candidates_file, needed, meant, inspection)
    photos = PhotoRegister(source.images_folder, image_ids, candidates.photos)
    if not inspection.skip_bad:
        photos.require_unmeasured(statements)
    _require_boxes_fit(statements, photos, source)

    maker = _ExpressionMaker(statements, source, photos, candidates)
    for statement in statements:
        with inspection.record(statement.file, statement.record):
            if source.candidates_file is not None and image_ids[statement.file_name] in made_up:
                _refuse_to_join(statement)
            maker.add(statement)
    known = source.candidates_file is not None
    return Corpus(
        name=source.name,
        images_folder=source.images_folder,
        photos=photos.found,
        expressions=list(maker.expressions.values()),
        annotations=candidates.annotations if known else maker.annotations,
        source_files=[*source.files, *([source.candidates_file] if source.candidates_file else [])],
        rejected=inspection.rejected,
        texts=dict(inspection.texts),
        made_up_ids=made_up & photos.found.keys(),
    )


def _refuse_to_join(statement: Statement) -> NoReturn:
    problem = "--instances is joined on image ids, but there is no image_id"
    raise BadInputError(f"{problem}, and {statement.file_name!r} is no file name of COCO")


def _require_boxes_fit(statements: list[Statement], photos: PhotoRegister, source: Source) -> None:
    numbers, sizes = [], []
    for statement in statements:
        try:
            photo = photos.of(statement)
        except BadInputError:
            continue  # met again, and named, when the statement is checked
        numbers.append(statement.box)
        sizes.append((photo.width, photo.height))
    if numbers:
        sizes_array = np.array(sizes, dtype=np.float64)
        require_fit(as_boxes(numbers), source.box_format, sizes_array, source.files[0])


class _ExpressionMaker:
    """Turns statements into expressions, and numbers boxes and references as they come.

    Attributes:
        annotations: The boxes that are meant, by image.
    """

    def __init__(
        self,
        statements: list[Statement],
        source: Source,
        photos: PhotoRegister,
        candidates: Instances,
    ) -> None:
        self.expressions: dict[int, ReferringExpression] = {}
        self.annotations: dict[int, list[Proposal]] = {}
        self._source = source
        self._photos = photos
        self._candidates = candidates
        self._next_expression = counter(one.expression_id for one in statements)
        self._next_reference = counter(one.ref_id for one in statements)
        self._next_annotation = counter(one.annotation_id for one in statements)
        self._references: dict[Hashable, int] = {}
        self._regions: dict[Hashable, Proposal] = {}

    def add(self, statement: Statement) -> None:
        """Add one statement.

        Raises:
            BadInputError: If it contradicts its photo or an earlier statement.
        """
        photo = self._photos.of(statement)
        if self._source.candidates_file is not None:
            require_image(photo.image_id, self._candidates)
        if statement.expression_id in self.expressions:
            raise BadInputError("expected every id once, but an earlier record has it")
        target = self._target(statement, photo)
        region = self._region(statement, photo, target)
        key = (photo.image_id, region.annotation_id, target, statement.split)
        reference = statement.ref_id
        if reference is None:
            if key not in self._references:
                self._references[key] = self._next_reference()
            reference = self._references[key]
        number = statement.expression_id
        number = self._next_expression() if number is None else number
        self.expressions[number] = ReferringExpression(
            expression_id=number,
            ref_id=reference,
            image_id=photo.image_id,
            annotation_id=region.annotation_id,
            text=statement.text,
            target=target,
            category=region.category,
            split=statement.split,
        )

    def _target(self, statement: Statement, photo: Photo) -> XYXY:
        numbers = as_boxes(statement.box)
        size = np.array([[photo.width, photo.height]], dtype=np.float64)
        corners = to_xyxy(numbers, self._source.box_format, size)
        return cut_to_photo(corners, statement.box, photo.width, photo.height)

    def _region(self, statement: Statement, photo: Photo, target: XYXY) -> Proposal:
        """Return the annotated region that is meant, a new one if it was not met before."""
        number = statement.annotation_id
        if self._source.candidates_file is not None:
            known = None if number is None else self._candidates.region_of.get(number)
            category = statement.category or (known.category if known else "")
            return Proposal(target, 1.0, category, ANNOTATIONS, -1 if number is None else number)
        key: Hashable = (photo.image_id, target if number is None else number)
        if key not in self._regions:
            number = self._next_annotation() if number is None else number
            region = Proposal(target, 1.0, statement.category, ANNOTATIONS, number)
            self._regions[key] = region
            self.annotations.setdefault(photo.image_id, []).append(region)
        region = self._regions[key]
        if region.box != target:
            raise BadInputError(f"expected annotation {number} to be {region.box} as before")
        return region
