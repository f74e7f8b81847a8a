"""Is every byte of a prepared dataset what it was when it was written?

Arrow files have no checksums: a flipped byte loads without a word and is another picture or another
IoU. The manifest has a hash of every file, and one of itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vg_mc.prepared.manifest import (
    CHECKSUM,
    FILE_NAME,
    FileEntry,
    Manifest,
    checksum,
    file_hash,
    parse_manifest,
    spell,
)


@dataclass(frozen=True, slots=True)
class Damage:
    """A file that is not as it was written."""

    path: str
    problem: str


def entries(manifest: Manifest) -> list[FileEntry]:
    """Return the description of every file but the manifest."""
    card = manifest.get("card")
    return [*manifest["files"], *([card] if card else [])]


def verify(folder: Path) -> Iterator[Damage]:
    """Read every byte of a prepared dataset and yield what differs from the manifest.

    Raises:
        BadInputError: If there is no manifest, or it cannot be read.
    """
    manifest = parse_manifest(folder)
    if not _is_as_written(folder, manifest):
        problem = "it was changed after it was written, so the files cannot be compared with it"
        yield Damage(FILE_NAME, problem)
        return
    described = entries(manifest)
    for entry in described:
        problem = _problem(folder, entry)
        if problem:
            yield Damage(entry["path"], problem)
    known = {FILE_NAME, *(entry["path"] for entry in described)}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in known and (path.is_symlink() or not path.is_dir()):
            yield Damage(name, "the manifest does not list this file")


def _is_as_written(folder: Path, manifest: Manifest) -> bool:
    written = (folder / FILE_NAME).read_bytes()
    return written == spell(manifest).encode("utf-8", "surrogatepass") and manifest.get(
        CHECKSUM
    ) == checksum(manifest)


def _problem(folder: Path, entry: FileEntry) -> str:
    path = folder / entry["path"]
    if not path.resolve().is_relative_to(folder.resolve()):
        return "it leads out of the dataset"
    if not path.is_file():
        return "it is missing"
    if path.stat().st_size != entry["bytes"]:
        return f"{path.stat().st_size:,} bytes in place of {entry['bytes']:,}"
    if file_hash(path) != entry["sha256"]:
        return "its bytes were changed"
    return ""
