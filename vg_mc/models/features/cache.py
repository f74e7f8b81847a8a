"""The feature bank: what a model made of pictures and texts, kept on disk under 64-bit keys.

Encoding costs nearly all the time of an evaluation, and the same pictures and sentences are asked
for again and again: by a second evaluation, by another split of the same photos, by a sweep. A file
of the bank is a plain ``.npy`` of keys and features. It appears only when it is complete, is never
changed, and has the hash of its bytes for a name. So several runs may fill one bank at once, and a
damaged file is known by its name. Files are mapped into memory, not read, so that a bank may be
larger than the memory.
"""

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vg_mc.images.views import name_in_files
from vg_mc.system.hashed_files import sound_files, write_hashed

Keys = NDArray[np.int64]
Features = NDArray[np.float32]

_SUFFIX = ".npy"


class FeatureTable:
    """Features (N, D) of a model by key, in the files of one folder that were opened."""

    def __init__(self, folder: Path) -> None:
        """Start empty; the folder need not exist."""
        self.folder = folder
        self._names: set[str] = set()
        self._files: list[NDArray[np.void]] = []
        self._keys: Keys = np.empty(0, np.int64)  # sorted, each of them once
        self._places: Keys = np.empty((0, 2), np.int64)  # file and row of each key

    def sound_files(self) -> list[str]:
        """Return the names of the files in the folder; damaged ones are removed with a notice."""
        return sound_files(self.folder, _SUFFIX, self._names)

    def open(self, names: Iterable[str]) -> None:
        """Map files of the folder, each once; where two hold a key, the first one counts."""
        keys, places = [self._keys], [self._places]
        for name in sorted(set(names) - self._names):
            table = np.load(self.folder / name, mmap_mode="r", allow_pickle=False)
            keys.append(np.array(table["key"]))
            rows = np.arange(len(table))
            places.append(np.stack([np.full_like(rows, len(self._files)), rows], axis=1))
            self._files.append(table)
            self._names.add(name)
        self._keys, first = np.unique(np.concatenate(keys), return_index=True)
        self._places = np.concatenate(places)[first]

    def missing(self, keys: Keys) -> Keys:
        """Return those of `keys` that no opened file holds, sorted and each of them once."""
        return np.setdiff1d(keys, self._keys)

    def rows(self, keys: Keys) -> Features:
        """Return the features of `keys` (N,), shape (N, D).

        Raises:
            KeyError: If no opened file holds one of them.
        """
        absent = self.missing(keys)
        if absent.size:
            raise KeyError(int(absent[0]))
        places = self._places[np.searchsorted(self._keys, keys)]
        size = self._files[0]["feature"].shape[1] if self._files else 0
        features = np.empty((len(keys), size), np.float32)
        for file in np.unique(places[:, 0]):
            wanted = places[:, 0] == file
            features[wanted] = self._files[file]["feature"][places[wanted, 1]]
        return features

    def write(self, keys: Keys, features: Features) -> str:
        """Add a file to the folder, without opening it; return its name."""
        kind = np.dtype([("key", "<i8"), ("feature", "<f4", (features.shape[1],))])
        table = np.empty(len(keys), kind)
        table["key"], table["feature"] = keys, features
        content = io.BytesIO()
        np.save(content, table, allow_pickle=False)
        return write_hashed(self.folder, content.getbuffer(), _SUFFIX)


class FeatureBank:
    """The features that one model made of one prepared dataset.

    Attributes:
        texts: By `text_key`; shared by all datasets.
        known_texts: The keys of texts that were asked for since the start, by text.
    """

    def __init__(self, folder: Path, *, model_hash: str, data_hash: str, first_view: str) -> None:
        """Name the tables of a model and a dataset in the bank `folder`, which may hold many.

        Args:
            folder: Need not exist.
            model_hash: Names the model.
            data_hash: Names the dataset.
            first_view: The view of the dataset that the names of files leave out.
        """
        self._home, self._data = folder / model_hash[:16], data_hash[:16]
        self._first_view = first_view
        self.texts = FeatureTable(self._home / "texts")
        self.known_texts: dict[str, int] = {}
        self._pictures: dict[str, FeatureTable] = {}

    def pictures_in(self, view: str, *, mirrored: bool) -> FeatureTable:
        """Return the table of a view, by candidate id; mirrored pictures have another one."""
        kind = "mirrored" if mirrored else "pictures"
        suffix = "" if view == self._first_view else f"-{name_in_files(view)}"
        name = f"{kind}-{self._data}{suffix}"
        return self._pictures.setdefault(name, FeatureTable(self._home / name))


def text_key(token_ids: Iterable[int]) -> int:
    """Return the key of a text: 64 bits of the hash of what the model reads of it."""
    spelled = ",".join(map(str, token_ids))
    return int.from_bytes(hashlib.sha256(spelled.encode()).digest()[:8], "little", signed=True)
