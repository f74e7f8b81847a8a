"""Verification of a prepared dataset against the hashes in its manifest.

Arrow files have no checksums: a flipped byte loads without an error and silently changes an image
or an IoU. The manifest has a hash of every file and of itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vg_mc.prepared.image_hashes import hash_files
from vg_mc.prepared.manifest import (
    CHECKSUM,
    FILE_NAME,
    FileEntry,
    Manifest,
    checksum,
    file_hash,
    manifest_text,
    parse_manifest,
)


@dataclass(frozen=True, slots=True)
class Damage:
    """A file that differs from what was written."""

    path: str
    problem: str


def entries(manifest: Manifest) -> list[FileEntry]:
    """Return the manifest entries of all files except the manifest."""
    card = manifest.get("card")
    return [*manifest["files"], *hash_files(manifest), *([card] if card else [])]


def verify(folder: Path) -> Iterator[Damage]:
    """Hash every file of a prepared dataset and yield the differences from the manifest.

    Raises:
        BadInputError: If the manifest is missing or cannot be read.
    """
    manifest = parse_manifest(folder)
    if not _is_as_written(folder, manifest):
        problem = "modified after it was written, so the files cannot be verified"
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
            yield Damage(name, "not listed in the manifest")


def _is_as_written(folder: Path, manifest: Manifest) -> bool:
    written = (folder / FILE_NAME).read_bytes()
    return written == manifest_text(manifest).encode("utf-8", "surrogatepass") and manifest.get(
        CHECKSUM
    ) == checksum(manifest)


def _problem(folder: Path, entry: FileEntry) -> str:
    path = folder / entry["path"]
    if not path.resolve().is_relative_to(folder.resolve()):
        return "points outside the dataset"
    if not path.is_file():
        return "missing"
    if path.stat().st_size != entry["bytes"]:
        return f"expected {entry['bytes']:,} bytes, found {path.stat().st_size:,}"
    if file_hash(path) != entry["sha256"]:
        return "content differs from its hash in the manifest"
    return ""
