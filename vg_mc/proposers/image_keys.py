"""The images of a corpus that the ids and file names in a file of detections refer to.

Detectors write image ids as numbers or as texts, and names with or without folder and ending. A
text is a file name or, if no file name fits, any of these that fits images of the corpus without
contradiction: an id, a name without its ending, or a path with further folders.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import NamedTuple

from vg_mc.errors import BadInputError
from vg_mc.proposers.detection_formats import FILE_NAMES, IMAGE_ID
from vg_mc.records import Photo
from vg_mc.system.fields import as_integer, as_text

_FILE_NAMES = frozenset(FILE_NAMES)
NUMBER, STEM, LAST_PART = "image id", "file name without ending", "last part of the path"


class ImageKey(NamedTuple):
    """The image of a detection as stored: by its id, its file name, or both."""

    image_id: int | str | None
    file_name: str | None

    def __str__(self) -> str:
        """Format the key for messages."""
        if self.file_name is None:
            return f"image {self.image_id!r}"
        return self.file_name

    @classmethod
    def of(cls, fields: Mapping[object, object]) -> "ImageKey":
        """Return the key of a record.

        Raises:
            BadInputError: If it has none, or one of another type.
        """
        file_name = None if _FILE_NAMES.isdisjoint(fields) else _file_name(fields)
        image_id = fields.get(IMAGE_ID)
        if image_id is None:
            if file_name is None:
                problem = f"expected a field {IMAGE_ID} or {FILE_NAMES[0]}, found neither"
                raise BadInputError(problem)
            return cls(None, file_name)
        if isinstance(image_id, str):
            return cls(as_text(fields, IMAGE_ID), file_name)
        if isinstance(image_id, float) and image_id.is_integer():
            return cls(int(image_id), file_name)  # pandas writes 3.0 beside a missing id
        return cls(as_integer(fields, IMAGE_ID), file_name)


@dataclass(frozen=True, slots=True)
class Joined:
    """The images of the keys in a file of detections.

    Attributes:
        photo_of: The image of each key that refers to one.
        unknown: Keys with a file name, or a text as image id, that no image has.
        contradictory: Keys with the id and the name of different images, and what is wrong.
        notes: How texts were interpreted, if not as file names.
    """

    photo_of: dict[ImageKey, Photo] = field(default_factory=dict)
    unknown: list[ImageKey] = field(default_factory=list)
    contradictory: dict[ImageKey, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class PhotoNames:
    """The ids and names of images, to be looked up by what a file of detections contains."""

    def __init__(self, photos: Iterable[Photo], by_id: Mapping[int, Photo] | None = None) -> None:
        """Index images.

        Args:
            photos: The images.
            by_id: The images by the ids that files of detections have, by default their own ids.
        """
        each = list(photos)
        own = {photo.image_id: photo for photo in each}
        self._by_id: Mapping[int, Photo] = own if by_id is None else by_id
        self._by_name = {photo.file_name: photo for photo in each if photo.file_name}
        self._by_stem = _unique(
            (PurePosixPath(name).stem, one) for name, one in self._by_name.items()
        )
        self._by_last = _unique(
            (PurePosixPath(name).name, one) for name, one in self._by_name.items()
        )

    def join(self, keys: Collection[ImageKey], *, certain: bool = True) -> Joined:
        """Return the image of each key.

        Args:
            keys: The keys of a file.
            certain: Whether the ids of the images are known, so that a key with the id and the name
                of different images is an error.

        Raises:
            BadInputError: If a text that is no file name may be several images.
        """
        joined = Joined()
        texts = []
        for key in keys:
            if isinstance(key.image_id, int) and key.file_name is None:
                if key.image_id in self._by_id:
                    joined.photo_of[key] = self._by_id[key.image_id]
            else:
                texts.append(key)
        named = {key: self._by_name[name] for key in texts
                 if (name := _text(key)) in self._by_name}  # fmt: skip
        if named:
            if certain:
                joined.contradictory.update(self._contradictory(named))
        else:
            named = self._otherwise(texts, joined.notes)
        joined.photo_of.update(
            (key, photo) for key, photo in named.items() if key not in joined.contradictory
        )
        joined.unknown.extend(
            key for key in texts if key not in named and not _is_number(key.image_id)
        )
        return joined

    def _otherwise(self, keys: list[ImageKey], notes: list[str]) -> dict[ImageKey, Photo]:
        """Interpret texts that are no file names of the corpus, if that is possible in one way."""
        found: dict[ImageKey, Photo] = {}
        by: dict[str, ImageKey] = {}
        for key in keys:
            readings = self._readings(key)
            if len({photo.image_id for photo in readings.values()}) > 1:
                told = "; ".join(f"{one.file_name} by {name}" for name, one in readings.items())
                problem = f"may be several images: {told}. Use file names of the corpus"
                raise BadInputError(problem, record=str(key))
            for reading, photo in readings.items():
                by.setdefault(reading, key)
                found[key] = photo
        notes.extend(
            f"{key} is {found[key].file_name}, by {reading}" for reading, key in by.items()
        )
        return found

    def _readings(self, key: ImageKey) -> dict[str, Photo]:
        """Return the images that a key may refer to, by how it is read."""
        number = _number(key.image_id if key.image_id is not None else key.file_name)
        last = PurePosixPath(_text(key).replace("\\", "/"))
        looked_up = {
            NUMBER: None if number is None else self._by_id.get(number),
            STEM: self._by_stem.get(last.name) or self._by_stem.get(last.stem),
            LAST_PART: self._by_last.get(last.name),
        }
        return {name: photo for name, photo in looked_up.items() if photo is not None}

    def _contradictory(self, named: Mapping[ImageKey, Photo]) -> Iterator[tuple[ImageKey, str]]:
        """Yield the keys that have the id of another image than their name.

        ultralytics writes the name without its ending as id, as an integer if it is a number.
        """
        for key, photo in named.items():
            number, stem = _number(key.image_id), PurePosixPath(photo.file_name).stem
            if number is None or number == _number(stem):
                continue
            other = self._by_id.get(number, photo)
            if other != photo:
                problem = f"image_id {key.image_id!r} is {other.file_name} in the corpus"
                yield key, f"{problem}, not {photo.file_name}"


def _file_name(fields: Mapping[object, object]) -> str | None:
    """Return the first file name; only the field of this name must be a text."""
    if fields.get(FILE_NAMES[0]) is not None:
        return as_text(fields, FILE_NAMES[0])
    found = [name for name in FILE_NAMES if isinstance(fields.get(name), str)]
    return as_text(fields, found[0]) if found else None


def _unique(pairs: Iterable[tuple[str, Photo]]) -> dict[str, Photo]:
    """Return the photos whose name no other has."""
    found: dict[str, Photo | None] = {}
    for name, photo in pairs:
        found[name] = None if name in found else photo
    return {name: photo for name, photo in found.items() if photo is not None}


def _text(key: ImageKey) -> str:
    return str(key.image_id) if key.file_name is None else key.file_name


def _number(text: object) -> int | None:
    if isinstance(text, str):
        return int(text) if text.isascii() and text.isdecimal() else None
    return text if isinstance(text, int) else None


def _is_number(text: object) -> bool:
    return _number(text) is not None
