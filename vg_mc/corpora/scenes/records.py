"""Annotation files of scenes in REFER format: ``instances.json`` and pickled references."""

import json
import pickle
from pathlib import Path
from typing import NamedTuple

from vg_mc.corpora.scenes.objects import SHAPES, Frame, SceneObject

CATEGORY_IDS = {shape: number for number, shape in enumerate(SHAPES, start=1)}


class Reference(NamedTuple):
    """Expressions for an object, given by its index in the scene."""

    object_index: int
    sentences: list[str]


class Scene(NamedTuple):
    """A drawn scene with its objects and expressions."""

    image_id: int
    split: str
    frame: Frame
    objects: list[SceneObject]
    references: list[Reference]

    @property
    def stem(self) -> str:
        """File name of the image without suffix."""
        return f"scene_{self.image_id:012d}"

    @property
    def file_name(self) -> str:
        """File name of the image."""
        return f"{self.stem}.jpg"


def write_annotations(folder: Path, scenes: list[Scene]) -> None:
    """Write ``instances.json`` and ``refs(scenes).p``; all ids count from 1."""
    annotation_ids = []
    next_id = 1
    for scene in scenes:
        annotation_ids.append(range(next_id, next_id + len(scene.objects)))
        next_id += len(scene.objects)
    (folder / "instances.json").write_text(json.dumps(_instances(scenes, annotation_ids)))

    # A pickle stores whether equal strings are the same object, which changes when they cross a
    # process boundary. After a round trip through JSON, the bytes depend on the values only.
    references = json.loads(json.dumps(_references(scenes, annotation_ids)))
    # Protocol 2 is that of Python 2 and of REFER's files.
    (folder / "refs(scenes).p").write_bytes(pickle.dumps(references, protocol=2))


def _instances(scenes: list[Scene], annotation_ids: list[range]) -> dict[str, object]:
    return {
        "info": {"description": "Drawn scenes with referring expressions", "version": "1"},
        "licenses": [],
        "images": [
            {
                "id": scene.image_id,
                "file_name": scene.file_name,
                "width": scene.frame.width,
                "height": scene.frame.height,
            }
            for scene in scenes
        ],
        "annotations": [
            _annotation(one, annotation_id, scene.image_id)
            for scene, ids in zip(scenes, annotation_ids, strict=True)
            for one, annotation_id in zip(scene.objects, ids, strict=True)
        ],
        "categories": [
            {"id": number, "name": shape, "supercategory": "shape"}
            for shape, number in CATEGORY_IDS.items()
        ],
    }


def _annotation(one: SceneObject, annotation_id: int, image_id: int) -> dict[str, object]:
    """Return a COCO annotation with the names of color and size."""
    left, top, right, bottom = one.box
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": CATEGORY_IDS[one.shape],
        "bbox": [left, top, right - left, bottom - top],
        "area": (right - left) * (bottom - top),
        "iscrowd": 0,
        "color": one.color,
        "size": one.size,
    }


def _references(scenes: list[Scene], annotation_ids: list[range]) -> list[dict[str, object]]:
    """Return REFER's records; their ``file_name`` includes the annotation id, as in REFER."""
    records: list[dict[str, object]] = []
    next_id = 1
    for scene, ids in zip(scenes, annotation_ids, strict=True):
        for reference in scene.references:
            annotation_id = ids[reference.object_index]
            sentence_ids = range(next_id, next_id + len(reference.sentences))
            next_id += len(reference.sentences)
            records.append(
                {
                    "ref_id": len(records) + 1,
                    "ann_id": annotation_id,
                    "category_id": CATEGORY_IDS[scene.objects[reference.object_index].shape],
                    "image_id": scene.image_id,
                    "file_name": f"{scene.stem}_{annotation_id}.jpg",
                    "sent_ids": list(sentence_ids),
                    "sentences": [
                        _sentence(text, sentence_id)
                        for text, sentence_id in zip(reference.sentences, sentence_ids, strict=True)
                    ],
                    "split": scene.split,
                }
            )
    return records


def _sentence(text: str, sentence_id: int) -> dict[str, object]:
    """Return a sentence as typed (``raw``) and in lower case."""
    return {
        "raw": text.capitalize(),
        "sent": text,
        "sent_id": sentence_id,
        "tokens": text.split(),
    }
