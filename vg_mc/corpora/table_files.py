"""The tables of a folder: its own, or those of the folders in it, such as one per split."""

from collections.abc import Iterable
from pathlib import Path

from vg_mc.corpora.inspection import Inspection
from vg_mc.corpora.rows import ENDINGS
from vg_mc.errors import BadInputError
from vg_mc.system.hidden_files import is_hidden


def tables_in(path: Path, inspection: Inspection) -> list[Path]:
    """Return the only file, or the tables of a folder without hidden files, which are counted.

    Raises:
        BadInputError: If the folder has no tables.
    """
    if not path.is_dir():
        return [path]
    found = _tables(path.iterdir())
    if not any(map(_is_visible, found)):
        folders = sorted(one for one in path.iterdir() if one.is_dir() and _is_visible(one))
        found += [file for folder in folders for file in _tables(folder.iterdir())]
    visible = without_hidden(found, inspection)
    if not visible:
        problem = f"expected tables: files in {', '.join(ENDINGS)}, found none"
        raise BadInputError(problem, file=path, record="--annotations")
    return visible


def without_hidden(files: Iterable[Path], inspection: Inspection) -> list[Path]:
    """Return the files that are not hidden, and note how many are."""
    visible: list[Path] = []
    hidden: list[Path] = []
    for file in files:
        (visible if _is_visible(file) else hidden).append(file)
    if hidden:
        note = f"{len(hidden):,} hidden files are left out, such as {hidden[0].name}"
        inspection.notes.append(note)
    return visible


def _tables(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.suffix.lower() in ENDINGS)


def _is_visible(path: Path) -> bool:
    return not is_hidden(path.name)
