"""Read images with their expressions and optional boxes from files, folders and CSV tables."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from vg_mc.errors import BadInputError
from vg_mc.images.files import open_photo
from vg_mc.images.formats import IMAGE_ENDINGS
from vg_mc.images.headers import header_of_file
from vg_mc.records import XYXY, ImageFolder, Photo

ImageLike: TypeAlias = Path | str | Image.Image

COLUMNS = ("image", "expression")

_LAST_NUMBER = re.compile(r"(\d{1,18})$")  # COCO_train2014_000000581857 has the image id 581857
NO_ID = -1


@dataclass(frozen=True, slots=True)
class Question:
    """An image with expressions about it.

    Attributes:
        image: An image file or an image in memory; the EXIF orientation is ignored.
        expressions: The texts, each answered independently.
        boxes: Candidates (left, top, right, bottom) in pixels of the image; None to use a proposer.
    """

    image: ImageLike
    expressions: tuple[str, ...]
    boxes: Sequence[XYXY] | None = None


def opened(image: ImageLike) -> tuple[Photo, Image.Image]:
    """Return the record of an image and its RGB pixels.

    The image id is the number at the end of the file name, as in COCO, or -1, so that stored
    detections are found by image id or by file name.

    Raises:
        BadInputError: If the file does not exist or is not a valid image.
    """
    if isinstance(image, Image.Image):
        return Photo(NO_ID, "", *image.size), image.convert("RGB")
    path = Path(image).resolve()
    if not path.is_file():
        raise BadInputError("no such file", file=Path(image))
    folder = ImageFolder(path.parent)
    try:
        header = header_of_file(folder, path.name)
    except BadInputError as fault:
        raise BadInputError(fault.problem, file=Path(image)) from fault
    found = _LAST_NUMBER.search(path.stem)
    image_id = int(found[1]) if found else NO_ID
    photo = Photo(image_id, path.name, header.width, header.height)
    return photo, open_photo(folder, photo)


def read_questions(
    source: Path, expressions: Sequence[str], boxes: Sequence[XYXY] | None = None
) -> list[Question]:
    """Read images and expressions.

    Args:
        source: An image; a folder of images, to each of which all expressions apply; or a CSV with
            the columns ``image`` (relative to the CSV) and ``expression``, which is grouped by
            image in the order of the first rows.
        expressions: The texts; must be empty for a CSV.
        boxes: Candidates of a single image.

    Raises:
        BadInputError: If expressions are missing or given twice, boxes are given for several
            images, or a file is invalid.
    """
    table = source.suffix.lower() == ".csv"
    if table == bool(expressions):
        problem = "a CSV has its own expressions" if table else "expected at least one expression"
        raise BadInputError(problem, file=source)
    if boxes is not None and (table or source.is_dir()):
        raise BadInputError("boxes require a single image", file=source)
    if table:
        return _read_table(source)
    photos = _photos_in(source) if source.is_dir() else [source]
    return [Question(photo, tuple(expressions), boxes) for photo in photos]


def _photos_in(folder: Path) -> list[Path]:
    photos = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_ENDINGS]
    if not photos:
        endings = ", ".join(sorted(IMAGE_ENDINGS))
        raise BadInputError(f"expected images ({endings}) in this folder, found none", file=folder)
    return sorted(photos)


def _read_table(file: Path) -> list[Question]:
    asked: dict[Path, list[str]] = {}
    for image, expression in _rows(file):
        asked.setdefault(file.parent / image, []).append(expression)
    if not asked:
        raise BadInputError("expected at least one row", file=file)
    return [Question(photo, tuple(expressions)) for photo, expressions in asked.items()]


def _rows(file: Path) -> Iterator[tuple[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened_file:
            reader = csv.DictReader(opened_file)
            missing = sorted(set(COLUMNS) - set(reader.fieldnames or ()))
            if missing:
                problem = f"expected columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}"
                raise BadInputError(problem, file=file)
            for row in reader:
                image, expression = (row[column] for column in COLUMNS)
                if not image or not expression:
                    problem = "expected an image and an expression"
                    raise BadInputError(problem, file=file, record=f"line {reader.line_num}")
                yield image, expression
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise BadInputError(f"expected a CSV file in UTF-8: {fault}", file=file) from fault
