"""The table of image fingerprints in a prepared dataset.

It is not part of the data hash, since it changes no result: datasets with and without it are the
same data. Datasets that were prepared by earlier versions do not have it.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vg_mc.images.fingerprints import Fingerprint
from vg_mc.prepared.manifest import FileEntry, Manifest
from vg_mc.prepared.schema import INTEGER, TEXT, Features, open_shard

FOLDER = "image_hashes"  # of the table, and key of its files in the manifest
FEATURES: Features = {"image_id": INTEGER, "sha256": TEXT, "perceptual": TEXT}


def hash_row(image_id: int, fingerprint: Fingerprint) -> dict[str, Any]:
    """Return the row of one image."""
    return {"image_id": image_id, **asdict(fingerprint)}


def read_hashes(folder: Path, manifest: Manifest) -> dict[int, Fingerprint]:
    """Return the fingerprint of each image by its id; empty for a dataset without them."""
    shards = (entry["path"] for entry in hash_files(manifest))
    tables = [open_shard(folder / path) for path in shards if path.endswith(".arrow")]
    return {image_id: found for table in tables for image_id, found in _rows(table.to_pydict())}


def hash_files(manifest: Manifest) -> list[FileEntry]:
    """Return the manifest entries of the table's files."""
    return list(manifest.get(FOLDER, ()))


def _rows(columns: dict[str, list[Any]]) -> Iterable[tuple[int, Fingerprint]]:
    for image_id, sha256, perceptual in zip(*(columns[name] for name in FEATURES), strict=True):
        yield image_id, Fingerprint(sha256, perceptual)
