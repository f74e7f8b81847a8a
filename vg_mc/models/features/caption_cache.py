"""Captions that a model made of a dataset's candidates, kept on disk.

Captioning costs a model's pass per word, and the same candidates are asked about again and again.
Each file is a JSON mapping of candidate ids to captions.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from vg_mc.system.hashed_files import sound_files, write_hashed

_SUFFIX = ".json"


class CaptionTable:
    """Captions by candidate id, in the files of one folder that were opened.

    Attributes:
        captions: What was opened; where two files hold a candidate, the first one counts.
    """

    def __init__(self, folder: Path, *, model_hash: str, data_hash: str, view: str) -> None:
        """Name the table of a model and a view of a dataset in a folder, which may hold many."""
        self.folder = folder / model_hash[:16] / f"captions-{data_hash[:16]}-{view}"
        self.captions: dict[int, str] = {}
        self._names: set[str] = set()

    def sound_files(self) -> list[str]:
        """Return the names of the files in the folder; damaged ones are removed with a notice."""
        return sound_files(self.folder, _SUFFIX, self._names)

    def open(self, names: Iterable[str]) -> None:
        """Read files of the folder, each once."""
        for name in sorted(set(names) - self._names):
            read = json.loads((self.folder / name).read_text(encoding="utf-8"))
            self.captions = {int(key): text for key, text in read.items()} | self.captions
            self._names.add(name)

    def write(self, captions: Mapping[int, str]) -> str:
        """Add a file to the folder, without opening it; return its name."""
        content = json.dumps(dict(captions), ensure_ascii=False, indent=0)
        return write_hashed(self.folder, content.encode(), _SUFFIX)
