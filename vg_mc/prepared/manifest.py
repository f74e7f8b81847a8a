"""The manifest: what a prepared dataset holds, what it was made from, and a hash of every file."""

import hashlib
import json
from pathlib import Path
from typing import Any

from vg_mc.faults import BadInputError
from vg_mc.prepared.schema import open_shard
from vg_mc.whole_files import write_whole_text

SCHEMA_VERSION = 1
FILE_NAME = "manifest.json"

Manifest = dict[str, Any]


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_files(folder: Path) -> list[dict[str, Any]]:
    """List every file below `folder` with its size and hash, a table with its rows too."""
    listed = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        entry: dict[str, Any] = {"path": path.relative_to(folder).as_posix()}
        if path.suffix == ".arrow":
            entry["rows"] = len(open_shard(path))
        listed.append(entry | {"bytes": path.stat().st_size, "sha256": file_hash(path)})
    return listed


def data_hash(files: list[dict[str, Any]]) -> str:
    """Return one hash for all files that `files` lists: it names the dataset in every result."""
    lines = "".join(f"{entry['sha256']}  {entry['path']}\n" for entry in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, the last file of a dataset: where it stands, the dataset is complete."""
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    write_whole_text(folder / FILE_NAME, text + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest and check that every file that it lists is there with its size.

    Raises:
        BadInputError: If the folder is not a complete prepared dataset of this schema.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        problem = "no prepared dataset is here (no manifest.json); prepare_data.py writes one"
        raise BadInputError(problem, file=folder)
    try:
        manifest: Manifest = json.loads(path.read_text(encoding="utf-8"))
        schema = manifest["schema"]
        sizes = {folder / entry["path"]: entry["bytes"] for entry in manifest["files"]}
    except (ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"not a manifest of ours ({error})", file=path) from error
    if schema != SCHEMA_VERSION:
        raise BadInputError(f"schema {schema}, expected {SCHEMA_VERSION}: prepare again", file=path)
    for file, size in sizes.items():
        _check_size(file, size)
    return manifest


def _check_size(path: Path, expected: int) -> None:
    if not path.is_file():
        raise BadInputError("the manifest lists this file, but it is missing", file=path)
    if path.stat().st_size != expected:
        found = path.stat().st_size
        raise BadInputError(f"{found} bytes, but the manifest says {expected}", file=path)
