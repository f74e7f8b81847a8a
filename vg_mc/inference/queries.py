"""Questions about photos: which photo, which expressions, and which boxes where they are known."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from vg_mc.errors import BadInputError
from vg_mc.images.files import open_photo
from vg_mc.images.headers import ENDINGS, header_of_file
from vg_mc.records import XYXY, Photo

ImageLike: TypeAlias = Path | str | Image.Image

COLUMNS = ("image", "expression")
PHOTO_ENDINGS = {*ENDINGS.values(), ".jpeg"}

_LAST_NUMBER = re.compile(r"(\d{1,18})$")  # COCO_train2014_000000581857.jpg is image 581857
NO_ID = -1


@dataclass(frozen=True, slots=True)
class Question:
    """Expressions about one photo.

    Attributes:
        image: A file, or a picture in memory, whose pixels are taken as they are stored.
        expressions: The texts to ground, each by itself.
        boxes: The candidates in pixels of the photo; None where a proposer is to find them.
    """

    image: ImageLike
    expressions: tuple[str, ...]
    boxes: Sequence[XYXY] | None = None


def opened(image: ImageLike) -> tuple[Photo, Image.Image]:
    """Return a photo and its RGB pixels.

    Its image id is the number at the end of its name, as COCO names photos, or -1: so stored
    detections are found by either.

    Raises:
        BadInputError: If the file is no photo, or cannot be used.
    """
    if isinstance(image, Image.Image):
        return Photo(NO_ID, "", *image.size), image.convert("RGB")
    path = Path(image).resolve()
    if not path.is_file():
        raise BadInputError("there is no such photo", file=Path(image))
    try:
        header = header_of_file(path.parent, path.name)
    except BadInputError as fault:
        raise BadInputError(fault.problem, file=Path(image)) from fault
    found = _LAST_NUMBER.search(path.stem)
    image_id = int(found[1]) if found else NO_ID
    photo = Photo(image_id, path.name, header.width, header.height)
    return photo, open_photo(path.parent, photo)


def read_questions(
    source: Path, expressions: Sequence[str], boxes: Sequence[XYXY] | None = None
) -> list[Question]:
    """Read what to ask: about one photo, all photos of a folder, or the rows of a CSV.

    Args:
        source: A photo; a folder, each of whose photos is asked about every expression; or a CSV
            with the columns ``image`` (beside the CSV) and ``expression``, whose rows are sorted
            by photo, photos in the order of their first row.
        expressions: The texts; none where a CSV has them.
        boxes: Candidates of a single photo.

    Raises:
        BadInputError: If there is nothing to ask, or it is said twice.
    """
    table = source.suffix.lower() == ".csv"
    if table == bool(expressions):
        problem = "a CSV has its own expressions" if table else "expected one or more expressions"
        raise BadInputError(problem, file=source)
    if boxes is not None and (table or source.is_dir()):
        raise BadInputError("boxes are those of a single photo", file=source)
    if table:
        return _read_table(source)
    photos = _photos_in(source) if source.is_dir() else [source]
    return [Question(photo, tuple(expressions), boxes) for photo in photos]


def _photos_in(folder: Path) -> list[Path]:
    photos = [path for path in folder.iterdir() if path.suffix.lower() in PHOTO_ENDINGS]
    if not photos:
        endings = ", ".join(sorted(PHOTO_ENDINGS))
        raise BadInputError(f"expected photos ({endings}) in this folder", file=folder)
    return sorted(photos)


def _read_table(file: Path) -> list[Question]:
    asked: dict[Path, list[str]] = {}
    for image, expression in _rows(file):
        asked.setdefault(file.parent / image, []).append(expression)
    if not asked:
        raise BadInputError("it has no rows", file=file)
    return [Question(photo, tuple(expressions)) for photo, expressions in asked.items()]


def _rows(file: Path) -> Iterator[tuple[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened_file:
            reader = csv.DictReader(opened_file)
            missing = sorted(set(COLUMNS) - set(reader.fieldnames or ()))
            if missing:
                problem = f"expected the columns {', '.join(COLUMNS)}; {', '.join(missing)} missing"
                raise BadInputError(problem, file=file)
            for row in reader:
                image, expression = (row[column] for column in COLUMNS)
                if not image or not expression:
                    problem = "expected an image and an expression"
                    raise BadInputError(problem, file=file, record=f"line {reader.line_num}")
                yield image, expression
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise BadInputError(f"expected a table in UTF-8: {fault}", file=file) from fault
