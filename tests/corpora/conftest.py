"""A corpus in the layout of REFER, small enough to be looked through."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


class ReferFolder:
    """Records of a REFER folder that a test may spoil before they are written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images: list[Any] = [
            {"id": 5, "file_name": "COCO_train2014_000000000005.jpg", "width": 100, "height": 80},
            {"id": 6, "file_name": "COCO_train2014_000000000006.jpg", "width": 64, "height": 48},
            {"id": 7, "file_name": "not_needed.jpg", "width": 64, "height": 48},
        ]
        self.annotations: list[Any] = [
            {"id": 50, "image_id": 5, "category_id": 1, "bbox": [10.5, 20, 30, 40], "iscrowd": 0},
            {"id": 60, "image_id": 6, "category_id": 2, "bbox": [0, 0, 64, 48], "iscrowd": 0},
            {"id": 51, "image_id": 5, "category_id": 2, "bbox": [0, 0, 5, 5], "iscrowd": 1},
            {"id": 70, "image_id": 7, "category_id": 1, "bbox": [1, 1, 2, 2], "iscrowd": 0},
        ]
        self.categories: list[Any] = [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}]
        self.references: list[Any] = [
            self.reference(17, 50, 5, "train", {33: "left man", 34: "man"}),
            self.reference(18, 60, 6, "testA", {35: "the dog"}),
        ]

    @staticmethod
    def reference(
        ref_id: int, ann_id: int, image_id: int, split: str, sentences: dict[int, str]
    ) -> dict[str, Any]:
        return {
            "ref_id": ref_id,
            "ann_id": ann_id,
            "image_id": image_id,
            "category_id": 1,
            "file_name": f"COCO_train2014_{image_id:012d}_{ann_id}.jpg",
            "sent_ids": list(sentences),
            "sentences": [
                {"sent_id": sent_id, "sent": text, "raw": text.upper(), "tokens": text.split()}
                for sent_id, text in sentences.items()
            ],
            "split": split,
        }

    @property
    def content(self) -> dict[str, Any]:
        return {
            "images": self.images,
            "annotations": self.annotations,
            "categories": self.categories,
        }

    def write(self) -> Path:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "instances.json").write_text(json.dumps(self.content))
        (self.folder / "refs(unc).p").write_bytes(pickle.dumps(self.references, 2))
        return self.folder


@pytest.fixture
def refer(tmp_path) -> ReferFolder:
    return ReferFolder(tmp_path / "refcoco")


@pytest.fixture
def make_reference() -> Callable[..., dict[str, Any]]:
    return ReferFolder.reference
