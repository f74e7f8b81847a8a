"""Scenes as the two annotation files of the REFER toolkit: COCO's instances and pickled refs."""

import json
import pickle
from pathlib import Path
from typing import NamedTuple

from vg_mc.corpora.scenes.objects import SHAPES, Frame, SceneObject

CATEGORY_IDS = {shape: number for number, shape in enumerate(SHAPES, start=1)}


class Reference(NamedTuple):
    """An object that is referred to, by its place among the scene's objects, and how."""

    object_index: int
    sentences: list[str]


class Scene(NamedTuple):
    """What is known of a scene that was drawn."""

    image_id: int
    split: str
    frame: Frame
    objects: list[SceneObject]
    references: list[Reference]

    @property
    def stem(self) -> str:
        """Name of the picture without its ending."""
        return f"scene_{self.image_id:012d}"

    @property
    def file_name(self) -> str:
        """Name of the picture."""
        return f"{self.stem}.jpg"


def write_annotations(folder: Path, scenes: list[Scene]) -> None:
    """Write ``instances.json`` and ``refs(scenes).p``; all ids count from 1."""
    annotation_ids = []
    next_id = 1
    for scene in scenes:
        annotation_ids.append(range(next_id, next_id + len(scene.objects)))
        next_id += len(scene.objects)
    (folder / "instances.json").write_text(json.dumps(_instances(scenes, annotation_ids)))

    # A pickle tells a string that occurs twice from two equal ones, and only the latter cross a
    # process boundary. Having been through JSON, the bytes depend on the values alone.
    references = json.loads(json.dumps(_references(scenes, annotation_ids)))
    # Protocol 2 is what Python 2 wrote, and so REFER's own files.
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
    """Return COCO's record, with the names of colour and size besides."""
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
    """Return REFER's records; their ``file_name`` names the annotation too, as in REFER."""
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
    """Return one sentence as it was typed (``raw``) and as it is used."""
    return {
        "raw": text.capitalize(),
        "sent": text,
        "sent_id": sentence_id,
        "tokens": text.split(),
    }
