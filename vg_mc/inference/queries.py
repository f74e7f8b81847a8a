"""Images with their expressions: from a file, a folder or a CSV table."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from vg_mc.errors import BadInputError
from vg_mc.images.formats import IMAGE_ENDINGS
from vg_mc.images.opening import ImageLike
from vg_mc.inference.opening import OpenedImage
from vg_mc.records import XYXY
from vg_mc.system.hidden_files import is_hidden

COLUMNS = ("image", "expression")
NAMES_SHOWN = 3  # of files that are left out


@dataclass(frozen=True, slots=True)
class Question:
    """An image with expressions about it.

    Attributes:
        image: An image file, its bytes, an image or RGB array in memory, or a decoded image.
        expressions: The texts, each answered independently.
        boxes: Candidates (left, top, right, bottom) in pixels of the image; None to use a proposer.
    """

    image: ImageLike | OpenedImage
    expressions: tuple[str, ...]
    boxes: Sequence[XYXY] | None = None


class ReadQuestions(NamedTuple):
    """Images with expressions, and sentences about files that are left out."""

    questions: list[Question]
    notes: list[str]


def read_questions(source: Path, expressions: Sequence[str]) -> ReadQuestions:
    """Read images and expressions.

    Args:
        source: An image; a folder of images, to each of which all expressions apply; or a CSV with
            the columns ``image`` (relative to the CSV) and ``expression``, which is grouped by
            image in the order of the first rows.
        expressions: The texts; must be empty for a CSV.

    Raises:
        BadInputError: If expressions are missing or given twice, or a file is invalid.
    """
    table = source.suffix.lower() == ".csv"
    if table == bool(expressions):
        problem = "a CSV has its own expressions" if table else "expected at least one expression"
        raise BadInputError(problem, file=source)
    if table:
        return ReadQuestions(_read_table(source), [])
    photos, notes = _photos_in(source) if source.is_dir() else ([source], [])
    return ReadQuestions([Question(photo, tuple(expressions)) for photo in photos], notes)


def _photos_in(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the images of a folder in order, and notes about its other content."""
    hidden, photos, others = [], [], []
    for path in sorted(folder.iterdir()):
        if is_hidden(path.name):
            hidden.append(path.name)
        elif path.suffix.lower() in IMAGE_ENDINGS and path.is_file():
            photos.append(path)
        else:
            others.append(path.name)
    if not photos:
        endings = ", ".join(sorted(IMAGE_ENDINGS))
        found = f"only {_named(hidden + others)}" if hidden + others else "none"
        raise BadInputError(f"expected images ({endings}), found {found}", file=folder)
    notes = []
    if hidden:
        notes.append(f"{len(hidden):,} hidden files are left out: {_named(hidden)}")
    if others:
        what = "without the extension of an image are left out"
        notes.append(f"{len(others):,} files or folders {what}: {_named(others)}")
    return photos, notes


def _named(names: list[str]) -> str:
    return ", ".join(names[:NAMES_SHOWN]) + (", ..." if len(names) > NAMES_SHOWN else "")


def _read_table(file: Path) -> list[Question]:
    asked: dict[Path, list[str]] = {}
    for image, expression in _rows(file):
        asked.setdefault(file.parent / image, []).append(expression)
    if not asked:
        raise BadInputError("expected rows with an image and an expression, found none", file=file)
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
