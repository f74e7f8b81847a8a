"""Images of rows: names of files in a folder, or embedded as bytes or base64."""

import base64
import binascii
from collections.abc import Callable, Mapping
from pathlib import Path

from vg_mc.corpora import expression_records as names
from vg_mc.corpora.embedded_images import EmbeddedPhotos, KeptPhoto
from vg_mc.errors import BadInputError

LONGEST_NAME = 1_000  # characters; a longer text is an encoded image
LONGEST_KEY = 64  # characters of a cell that names another record

Fields = dict[str, object]


class RowImages:
    """Finds image files by the names in rows, and stores embedded images.

    Attributes:
        embedded: Whether rows contain images.
        named: Whether rows contain file names.
        renamed: The first image file that has another path than in its row, with that path.
    """

    def __init__(self, folder: Path, embedded_photos: EmbeddedPhotos) -> None:
        self.embedded = self.named = False
        self.renamed: tuple[str, str] | None = None
        self._folder = folder
        self._photos = embedded_photos
        self._names: dict[str, str] = {}
        self._by_key: dict[str, KeptPhoto] = {}
        self._by_text: dict[str, KeptPhoto] = {}

    def fields_of(self, value: object, key: object = None) -> Fields | None:
        """Return name and size of an embedded image; None if `value` is the name of a file.

        Args:
            value: A cell: bytes, ``{bytes, path}``, base64, or the key of an earlier image.
            key: The key of this image in the file, None if images have no keys.

        Raises:
            BadInputError: If the image is unusable.
        """
        photo = self._embedded(value, None if key is None else str(key))
        if photo is None:
            self.named = True
            return None
        self.embedded = True
        if key is not None:
            self._by_key[str(key)] = photo
        return {names.IMAGE: photo.file_name, names.WIDTH: photo.width, names.HEIGHT: photo.height}

    def _embedded(self, value: object, key: str | None) -> KeptPhoto | None:
        if isinstance(value, Mapping) and isinstance(value.get("bytes"), bytes):
            return self._photos.keep(value)
        if isinstance(value, bytes):
            return self._photos.keep({"bytes": value})
        if not isinstance(value, str):
            return None
        if key is not None and len(value) <= LONGEST_KEY:
            if value not in self._by_key:
                raise BadInputError(
                    f"expected an image, or the key of an earlier one, not {value!r}"
                )
            return self._by_key[value]
        if len(value) <= LONGEST_NAME:
            return None
        if value not in self._by_text:
            self._by_text[value] = self._photos.keep({"bytes": _decoded(value)})
        return self._by_text[value]

    def found(self, name: str, candidates: Callable[[str], list[str]] | None) -> str:
        """Return the name of an image file: the first of `candidates` in the folder, if any."""
        if candidates is None:
            return name
        if name not in self._names:
            possible = candidates(name)
            there = (one for one in possible if (self._folder / one).is_file())
            self._names[name] = next(there, possible[0])
            if self._names[name] != name and self.renamed is None:
                self.renamed = (name, self._names[name])
        return self._names[name]


def file_name_in(value: object) -> object:
    """Return the file name in a cell: a text, a number, or the path of ``{bytes, path}``."""
    if isinstance(value, Mapping):
        return value.get("path")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _decoded(text: str) -> bytes:
    """Return the bytes of an image in base64, also as a data URL."""
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as fault:
        raise BadInputError(f"expected an image in base64: {fault}") from fault
