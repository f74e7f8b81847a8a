"""The manifest of a prepared dataset: its contents, settings, sources, and a hash of every file."""

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

WHOLE_IMAGES = "whole_images"  # key of the settings: longer side of stored whole images in pixels
ORIENTATION = "orientation"  # key of the frame of boxes and images; missing for stored pixels
RESTORE = "copy the dataset again, or prepare it again"
CHECKSUM = "checksum"  # key of the hash of the manifest itself

Manifest = dict[str, Any]
FileEntry = dict[str, Any]


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_files(folder: Path) -> list[FileEntry]:
    """Return size and hash of every file below `folder`, and the number of rows of tables."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [describe_file(folder, path) for path in files]


def describe_file(folder: Path, path: Path) -> FileEntry:
    """Return the manifest entry of one file below `folder`."""
    entry: FileEntry = {"path": path.relative_to(folder).as_posix()}
    if path.suffix == ".arrow":
        entry["rows"] = len(open_shard(path))
    return entry | {"bytes": path.stat().st_size, "sha256": file_hash(path)}


def data_hash(files: list[FileEntry]) -> str:
    """Return one hash of all listed files, which identifies the dataset in results."""
    lines = "".join(f"{entry['sha256']}  {entry['path']}\n" for entry in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest. It is written last, so a dataset with a manifest is complete."""
    write_whole_text(folder / FILE_NAME, manifest_text({**manifest, CHECKSUM: checksum(manifest)}))


def manifest_text(manifest: Manifest) -> str:
    """Return the JSON text of a manifest. It is canonical, so that it can be hashed."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def checksum(manifest: Manifest) -> str:
    """Return the hash of a manifest without its checksum."""
    others = {key: value for key, value in manifest.items() if key != CHECKSUM}
    return hashlib.sha256(manifest_text(others).encode("utf-8", "surrogatepass")).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest and check that every listed file exists and has the listed size.

    Raises:
        BadInputError: If the folder is not a complete prepared dataset of this schema version.
    """
    manifest = parse_manifest(folder)
    for entry in manifest["files"]:
        _check_size(folder / entry["path"], entry["bytes"])
    return manifest


def parse_manifest(folder: Path) -> Manifest:
    """Read the manifest without checking the files that it lists.

    Raises:
        BadInputError: If there is no manifest of this schema version.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        problem = "not a prepared dataset (no manifest.json); create one with prepare_data.py"
        raise BadInputError(problem, file=folder)
    try:
        manifest: Manifest = json.loads(path.read_text(encoding="utf-8"))
        schema = manifest["schema"]
        _ = [(folder / entry["path"], entry["bytes"]) for entry in manifest["files"]]
    except (ValueError, KeyError, TypeError) as error:
        problem = f"not a manifest of a prepared dataset ({type(error).__name__}: {error})"
        raise BadInputError(problem, file=path) from error
    if schema != SCHEMA_VERSION:
        problem = f"expected schema {SCHEMA_VERSION}, found {schema}; prepare the dataset again"
        raise BadInputError(problem, file=path)
    return manifest


def views_of(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """Return the properties of each view by name, in order; empty without candidates."""
    views: dict[str, dict[str, Any]] = manifest["settings"]["views"]
    return {present_name(name): properties for name, properties in views.items()}


def format_properties(properties: Mapping[str, Any]) -> str:
    """Format the properties of a view for reports."""
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in properties.items()
    )


def _check_size(path: Path, expected: int) -> None:
    if not path.is_file():
        raise BadInputError(f"listed in the manifest, but missing; {RESTORE}", file=path)
    if path.stat().st_size != expected:
        found = path.stat().st_size
        problem = f"expected {expected} bytes (manifest), found {found}; {RESTORE}"
        raise BadInputError(problem, file=path)
