"""The manifest: what a prepared dataset holds, what it was made from, and a hash of every file."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vg_mc.errors import BadInputError
from vg_mc.images import present_name
from vg_mc.prepared.schema import open_shard
from vg_mc.system.atomic import write_whole_text

SCHEMA_VERSION = 1
FILE_NAME = "manifest.json"

WHOLE_IMAGES = "whole_images"  # among the settings: the longer side at which they are stored
CHECKSUM = "checksum"  # of the manifest itself

Manifest = dict[str, Any]
FileEntry = dict[str, Any]


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_files(folder: Path) -> list[FileEntry]:
    """List every file below `folder` with its size and hash, a table with its rows too."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [describe_file(folder, path) for path in files]


def describe_file(folder: Path, path: Path) -> FileEntry:
    """Describe one file below `folder`."""
    entry: FileEntry = {"path": path.relative_to(folder).as_posix()}
    if path.suffix == ".arrow":
        entry["rows"] = len(open_shard(path))
    return entry | {"bytes": path.stat().st_size, "sha256": file_hash(path)}


def data_hash(files: list[FileEntry]) -> str:
    """Return one hash for all files that `files` lists: it names the dataset in every result."""
    lines = "".join(f"{entry['sha256']}  {entry['path']}\n" for entry in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, the last file of a dataset: where it stands, the dataset is complete."""
    write_whole_text(folder / FILE_NAME, spell({**manifest, CHECKSUM: checksum(manifest)}))


def spell(manifest: Manifest) -> str:
    """Return the text of a manifest: the only one that means it."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def checksum(manifest: Manifest) -> str:
    """Return the hash of everything in a manifest but itself."""
    others = {key: value for key, value in manifest.items() if key != CHECKSUM}
    return hashlib.sha256(spell(others).encode("utf-8", "surrogatepass")).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest and check that every file that it lists is there with its size.

    Raises:
        BadInputError: If the folder is not a complete prepared dataset of this schema.
    """
    manifest = parse_manifest(folder)
    for entry in manifest["files"]:
        _check_size(folder / entry["path"], entry["bytes"])
    return manifest


def parse_manifest(folder: Path) -> Manifest:
    """Read the manifest without a look at the files that it lists.

    Raises:
        BadInputError: If there is none of this schema.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        problem = "no prepared dataset is here (no manifest.json); prepare_data.py writes one"
        raise BadInputError(problem, file=folder)
    try:
        manifest: Manifest = json.loads(path.read_text(encoding="utf-8"))
        schema = manifest["schema"]
        _ = [(folder / entry["path"], entry["bytes"]) for entry in manifest["files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"not a manifest of ours ({error})", file=path) from error
    if schema != SCHEMA_VERSION:
        raise BadInputError(f"schema {schema}, expected {SCHEMA_VERSION}: prepare again", file=path)
    return manifest


def views_of(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """Return what is drawn of each region: the properties of each view by its name, in order.

    A dataset without candidates has none.
    """
    views: dict[str, dict[str, Any]] = manifest["settings"]["views"]
    return {present_name(name): properties for name, properties in views.items()}


def spelled(properties: Mapping[str, Any]) -> str:
    """Spell the properties of a view for people."""
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in properties.items()
    )


def _check_size(path: Path, expected: int) -> None:
    if not path.is_file():
        raise BadInputError("the manifest lists this file, but it is missing", file=path)
    if path.stat().st_size != expected:
        found = path.stat().st_size
        raise BadInputError(f"{found} bytes, but the manifest says {expected}", file=path)
