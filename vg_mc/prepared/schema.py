"""Columns of the prepared tables, and writers of folders that `datasets` can open.

The Arrow files are written here and not by `Dataset.save_to_disk`, which can neither resume nor
publish atomically, and whose bytes depend on the number of workers (see docs/log.md).
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from vg_mc.images.views import name_in_files
from vg_mc.system.atomic import whole_file, write_whole_text

Features = dict[str, Any]

INTEGER = {"dtype": "int64", "_type": "Value"}
_FLOAT = {"dtype": "float64", "_type": "Value"}
TEXT = {"dtype": "string", "_type": "Value"}
_FLOATS = {"feature": _FLOAT, "_type": "List"}
_BOX = {"feature": _FLOAT, "length": 4, "_type": "List"}

CANDIDATES_FOLDER = "candidates"
IMAGES_FOLDER = "images"

PICTURE = "picture"  # column of the first view

CANDIDATES: Features = {
    "image_id": INTEGER,
    "box": _BOX,
    "score": _FLOAT,
    "category": TEXT,
    "source": TEXT,
    "annotation_id": INTEGER,
    PICTURE: {"_type": "Image"},
}
IMAGES: Features = {"image_id": INTEGER, "file_name": TEXT, "width": INTEGER, "height": INTEGER}
IMAGE = "image"  # column of whole images, if they are stored
IMAGES_WITH_PIXELS: Features = IMAGES | {IMAGE: {"_type": "Image"}}
EXPRESSIONS: Features = {
    "expression_id": INTEGER,
    "ref_id": INTEGER,
    "image_id": INTEGER,
    "annotation_id": INTEGER,
    "text": TEXT,
    "target": _BOX,
    "category": TEXT,
    "candidate_ids": {"feature": INTEGER, "_type": "List"},
    "ious": _FLOATS,
    "rivals": INTEGER,
}

_ARROW_VALUES = {"int64": pa.int64(), "float64": pa.float64(), "string": pa.string()}
_PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def picture_columns(views: Iterable[str]) -> list[str]:
    """Return the column name of each view; separate columns make unread views free."""
    _, *further = map(name_in_files, views)
    return [PICTURE, *(f"{PICTURE}_{view.replace('-', '_')}" for view in further)]


def candidate_features(views: Iterable[str]) -> Features:
    """Return the columns of the candidates table with one image column per view."""
    return CANDIDATES | {column: {"_type": "Image"} for column in picture_columns(views)}


def stored_text(text: str | None) -> str:
    """Return a text as stored; an unknown one is empty, which no name is."""
    return text or ""


def stored_number(number: int | None) -> int:
    """Return a number as stored: -1 if there is none."""
    return -1 if number is None else number


def as_cell(jpeg: bytes) -> dict[str, Any]:
    """Return a JPEG file as a value of an image column."""
    return {"bytes": jpeg, "path": None}


def arrow_schema(features: Features) -> pa.Schema:
    """Return the Arrow schema of `features`, with the metadata that `datasets` expects."""
    fields = [pa.field(name, _arrow_type(feature)) for name, feature in features.items()]
    described = json.dumps({"info": {"features": features}})
    return pa.schema(fields, metadata={"huggingface": described})


def _arrow_type(feature: dict[str, Any]) -> pa.DataType:
    if feature["_type"] == "Image":
        return _PICTURE
    if feature["_type"] == "List":
        return pa.list_(_arrow_type(feature["feature"]), feature.get("length", -1))
    return _ARROW_VALUES[feature["dtype"]]


def write_shard(
    path: Path, features: Features, rows: list[dict[str, Any]], notes: dict[str, str] | None = None
) -> None:
    """Write one Arrow stream file atomically; `notes` are stored in its metadata."""
    schema = arrow_schema(features)
    schema = schema.with_metadata({**schema.metadata, **(notes or {})})
    table = pa.Table.from_pylist(rows, schema=schema)
    with (
        whole_file(path) as partial,
        partial.open("wb") as sink,
        pa.ipc.new_stream(sink, schema) as writer,
    ):
        writer.write_table(table, max_chunksize=1024)


def shard_name(index: int, count: int) -> str:
    """Return the file name of shard `index` of `count` in the convention of `datasets`."""
    return f"data-{index:05d}-of-{count:05d}.arrow"


def finish_folder(folder: Path, features: Features, shards: Iterable[str]) -> None:
    """Write the two metadata files that `load_from_disk` needs in a folder of shards."""
    shards = list(shards)
    fingerprint = hashlib.sha256()
    for shard in shards:
        with (folder / shard).open("rb") as file:
            fingerprint.update(hashlib.file_digest(file, "sha256").digest())
    state: dict[str, Any] = {
        "_data_files": [{"filename": shard} for shard in shards],
        "_fingerprint": fingerprint.hexdigest()[:16],
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    info = {"citation": "", "description": "", "features": features, "homepage": "", "license": ""}
    write_whole_text(folder / "state.json", json.dumps(state, indent=2) + "\n")
    write_whole_text(folder / "dataset_info.json", json.dumps(info, indent=2) + "\n")


def open_shard(path: Path) -> pa.Table:
    """Open a shard memory-mapped, so that images are only read on access."""
    table: pa.Table = pa.ipc.open_stream(pa.memory_map(str(path))).read_all()
    return table
