"""A prepared dataset put together by hand: two shards of candidates, two splits."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vg_mc.prepared.manifest import SCHEMA_VERSION, data_hash, describe_files, write_manifest
from vg_mc.prepared.schema import (
    CANDIDATES,
    EXPRESSIONS,
    IMAGES,
    finish_folder,
    shard_name,
    write_shard,
)

SIZE = 16
CANDIDATE_COUNTS = (4, 3)  # of each shard


def jpeg(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def candidate(number: int) -> dict[str, object]:
    return {
        "image_id": 10 + number // 4,
        "box": [number + 0.125, 1.0, number + 5.5, 7.25],
        "score": 1 / (1 + number),
        "category": "circle" if number % 2 else "",
        "source": "annotations",
        "annotation_id": number - 1,
        "picture": {"bytes": jpeg(number), "path": None},
    }


def expression(number: int, candidate_ids: list[int]) -> dict[str, object]:
    return {
        "expression_id": 100 + number,
        "ref_id": 50 + number // 2,
        "image_id": 10,
        "annotation_id": number,
        "text": f"the “red” circle {number} ✓",
        "target": [0.0, 1.0, 2.5, 3.0 + number],
        "category": "circle",
        "candidate_ids": candidate_ids,
        "ious": [1 / (2 + index) for index in candidate_ids],
        "rivals": number + 1,
    }


ROWS = {
    "train": [expression(0, [0, 1, 2]), expression(1, []), expression(2, [6, 3])],
    "val": [],
}
PHOTOS = [{"image_id": 10, "file_name": "a.jpg", "width": 64, "height": 48}]


def write_table(folder: Path, features, shards) -> None:
    names = [shard_name(index, len(shards)) for index in range(len(shards))]
    for name, rows in zip(names, shards, strict=True):
        write_shard(folder / name, features, rows, {"rejected": f"notes of {name}"})
    finish_folder(folder, features, names)


@pytest.fixture
def prepared(tmp_path) -> Path:
    folder = tmp_path / "prepared"
    first, second = CANDIDATE_COUNTS
    shards = [range(first), range(first, first + second)]
    write_table(folder / "candidates", CANDIDATES, [list(map(candidate, ids)) for ids in shards])
    write_table(folder / "images", IMAGES, [PHOTOS])
    for split, rows in ROWS.items():
        write_table(folder / "expressions" / split, EXPRESSIONS, [rows])
    files = describe_files(folder)
    manifest = {
        "schema": SCHEMA_VERSION,
        "data_hash": data_hash(files),
        "settings": {"image_size": SIZE, "views": {"marker": {}}},
        "splits": list(ROWS),
        "files": files,
    }
    write_manifest(folder, manifest)
    return folder


COUNTS = {
    "images": 3,
    "expressions": 1234,
    "candidates": 20,
    "boxes_per_image": 20 / 3,
    "proposal_recall": 2 / 3,
    "without_proposals": 1,
}
DESCRIBED = {
    "corpus": "refcoco_unc",
    "splits": ["train", "val"],
    "settings": {
        "image_size": 224,
        "fit": "letterbox",
        "views": {"marker": {"color": [50, 205, 50], "opacity": 1 / 6, "outline": 2}},
        "train_proposer": {"kind": "annotations"},
        "proposer": {"kind": "yolo", "source": "yolov8n.pt"},
    },
    "counts": {"train": COUNTS, "val": COUNTS | {"images": 1}},
    "rejected": 5,
    "data_hash": "0123456789abcdef" * 4,
}


@pytest.fixture
def described() -> dict[str, object]:
    """A manifest with everything that a card tells, of another dataset."""
    return DESCRIBED
