"""Caches of what models compute from images and texts: files of rows under 64-bit keys.

Encoding and captioning take nearly all the time of an evaluation, and the same candidates and texts
occur again in other splits, evaluations and sweeps. A file is written atomically, never changed and
named by the hash of its content. Several runs can therefore fill one folder at once, and damaged
files are detected. Arrays are mapped into memory, so a cache may be larger than the memory.
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vg_mc.images.views import name_in_files
from vg_mc.system.hashed_files import verified_files, write_hashed

Keys = NDArray[np.int64]
Rows = NDArray[Any]  # one row per key


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How keys and rows are stored in a file.

    Attributes:
        suffix: Of the file names.
        read: Returns the keys and the rows of a file.
        write: Returns the content of a file.
    """

    suffix: str
    read: Callable[[Path], tuple[Keys, Rows]]
    write: Callable[[Keys, Rows], bytes | memoryview]


class RowCache:
    """Rows by key, from those files of one folder that were opened."""

    def __init__(self, folder: Path, file_format: FileFormat) -> None:
        """Create an empty cache; the folder need not exist."""
        self.folder = folder
        self.format = file_format
        self.keys: Keys = np.empty(0, np.int64)  # sorted and unique
        self._places: Keys = np.empty((0, 2), np.int64)  # file and row of each key
        self._files: list[Rows] = []
        self._names: set[str] = set()

    def __reduce__(self) -> tuple[Any, ...]:
        # Workers that are not forked open the files themselves, instead of receiving their content.
        return _reopened, (self.folder, self.format, sorted(self._names))

    def verified_files(self) -> list[str]:
        """Return the names of the files in the folder; damaged ones are removed with a notice."""
        return verified_files(self.folder, self.format.suffix, self._names)

    def open(self, names: Iterable[str]) -> None:
        """Open files of the folder, each once; if two of them hold a key, the first one is used."""
        keys, places = [self.keys], [self._places]
        for name in sorted(set(names) - self._names):
            file_keys, rows = self.format.read(self.folder / name)
            keys.append(file_keys)
            numbers = np.arange(len(file_keys))
            places.append(np.stack([np.full_like(numbers, len(self._files)), numbers], axis=1))
            self._files.append(rows)
            self._names.add(name)
        self.keys, first = np.unique(np.concatenate(keys), return_index=True)
        self._places = np.concatenate(places)[first]

    def missing(self, keys: Keys) -> Keys:
        """Return those of `keys` that no opened file holds, sorted and unique."""
        if not self.keys.size:
            return np.unique(keys)
        places = np.searchsorted(self.keys, keys)  # much faster than a set difference
        return np.unique(keys[self.keys.take(places, mode="clip") != keys])

    def rows(self, keys: Keys) -> Rows:
        """Return the rows of `keys` (N,), in their order.

        Raises:
            KeyError: If no opened file holds one of them.
        """
        absent = self.missing(keys)
        if absent.size:
            raise KeyError(int(absent[0]))
        if not self._files:
            return np.empty((0, 0), np.float32)
        places = self._places[np.searchsorted(self.keys, keys)]
        found = np.empty((len(keys), *self._files[0].shape[1:]), self._files[0].dtype)
        for file in np.unique(places[:, 0]):
            inside = places[:, 0] == file
            found[inside] = self._files[file][places[inside, 1]]
        return found

    def write(self, keys: Keys, rows: Rows) -> str:
        """Add a file to the folder without opening it; return its name."""
        return write_hashed(self.folder, self.format.write(keys, rows), self.format.suffix)


def _reopened(folder: Path, file_format: FileFormat, names: list[str]) -> RowCache:
    cache = RowCache(folder, file_format)
    cache.open(names)
    return cache


def _read_features(file: Path) -> tuple[Keys, Rows]:
    table = np.load(file, mmap_mode="r", allow_pickle=False)
    return np.array(table["key"]), table["feature"]


def _features_as_npy(keys: Keys, rows: Rows) -> memoryview:
    kind = np.dtype([("key", "<i8"), ("feature", "<f4", (rows.shape[1],))])
    table = np.empty(len(keys), kind)
    table["key"], table["feature"] = keys, rows
    content = io.BytesIO()
    np.save(content, table, allow_pickle=False)
    return content.getbuffer()


def _read_texts(file: Path) -> tuple[Keys, Rows]:
    texts = json.loads(file.read_text(encoding="utf-8"))
    return np.array([*map(int, texts)], np.int64), np.array([*texts.values()], object)


def _texts_as_json(keys: Keys, rows: Rows) -> bytes:
    texts = dict(zip(keys.tolist(), rows.tolist(), strict=True))
    return json.dumps(texts, ensure_ascii=False, indent=0).encode()


FEATURES = FileFormat(".npy", _read_features, _features_as_npy)  # rows (N, D), float32
TEXTS = FileFormat(".json", _read_texts, _texts_as_json)  # rows (N,) of strings


def caption_cache(folder: Path, *, model_hash: str, data_hash: str, view: str) -> RowCache:
    """Return the cache of a captioner's texts for one view of a dataset, by candidate id."""
    name = f"captions-{data_hash[:16]}-{view}"
    return RowCache(folder / model_hash[:16] / name, TEXTS)


class FeatureBank:
    """The caches of one model's features of one prepared dataset.

    Attributes:
        texts: Text features by `text_key`, shared by all datasets.
        known_texts: Keys of the texts that were requested in this process.
    """

    def __init__(self, folder: Path, *, model_hash: str, data_hash: str, first_view: str) -> None:
        """Define the caches of a model and a dataset below `folder`, which may hold many.

        Args:
            folder: It need not exist.
            model_hash: Hash of the model.
            data_hash: Hash of the dataset.
            first_view: The view that is omitted from folder names.
        """
        self._home, self._data = folder / model_hash[:16], data_hash[:16]
        self._first_view = first_view
        self.texts = RowCache(self._home / "texts", FEATURES)
        self.known_texts: dict[str, int] = {}
        self._pictures: dict[str, RowCache] = {}

    def pictures_in(self, view: str, *, mirrored: bool) -> RowCache:
        """Return the cache of a view's images by candidate id; flipped images have their own."""
        kind = "mirrored" if mirrored else "pictures"
        suffix = "" if view == self._first_view else f"-{name_in_files(view)}"
        name = f"{kind}-{self._data}{suffix}"
        return self._pictures.setdefault(name, RowCache(self._home / name, FEATURES))


def text_key(token_ids: Iterable[int]) -> int:
    """Return the key of a text: 64 bits of the hash of its token ids."""
    spelled = ",".join(map(str, token_ids))
    return int.from_bytes(hashlib.sha256(spelled.encode()).digest()[:8], "little", signed=True)
