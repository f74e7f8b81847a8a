"""The tables of a folder: its own, or those of the folders in it, such as one per split."""

from collections.abc import Iterable
from pathlib import Path

from vg_mc.corpora.inspection import Inspection
from vg_mc.corpora.rows import ENDINGS
from vg_mc.errors import BadInputError


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
    visible = [file for file in found if _is_visible(file)]
    hidden = [file.name for file in found if not _is_visible(file)]
    if hidden:
        inspection.notes.append(f"{len(hidden):,} hidden files are left out, such as {hidden[0]}")
    if not visible:
        raise BadInputError(f"expected tables: files in {', '.join(ENDINGS)}", file=path)
    return visible


def _tables(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.suffix.lower() in ENDINGS)


def _is_visible(path: Path) -> bool:
    """Return whether a file is not hidden, as the ``._`` files of macOS are."""
    return not path.name.startswith(".")
