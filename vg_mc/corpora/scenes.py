"""The embedded corpus: drawn scenes with referring expressions, in the layout of REFER.

It needs no download and no rights, and comes with the hard parts of RefCOCO in small: several
objects of a kind, overlap, clutter, objects cut by the edge, and words for attribute, size, place
and relation. The very same reader serves both (https://github.com/lichengunc/refer).
"""

import json
import pickle
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import NamedTuple

from tqdm import tqdm

from vg_mc.corpora.scene_drawing import draw_scene
from vg_mc.corpora.scene_language import View, sentences
from vg_mc.corpora.scene_layout import lay_out
from vg_mc.corpora.scene_objects import SHAPES, Frame, SceneObject
from vg_mc.faults import BadInputError
from vg_mc.records import TRAIN_SPLIT

EVALUATION_SPLITS = ("val", "testA", "testB")
SAME_KIND = {"testA": True, "testB": False}  # the other splits have both

SETTINGS_FILE = "scenes.json"  # written last: a folder that has it is complete
REVISION = 1  # raised whenever the same settings give other scenes

SMALLEST_SIZE = 64  # below, a small object is a matter of a few pixels
SCENES_PER_TASK = 25


class Order(NamedTuple):
    """One scene to be drawn; its picture and words depend on nothing else."""

    image_id: int
    split: str
    number: int  # within its split
    frame: Frame
    seed: int
    images_folder: Path


class Reference(NamedTuple):
    """An object that is referred to, by its place among the scene's objects, and how."""

    object_index: int
    sentences: list[str]


class Scene(NamedTuple):
    """What is known of a scene that was drawn."""

    order: Order
    objects: list[SceneObject]
    references: list[Reference]


def write_scenes(
    folder: Path, *, train: int, evaluation: int, size: int, seed: int, num_workers: int
) -> None:
    """Write ``images/``, ``instances.json`` and ``refs(scenes).p`` to `folder`.

    The files are the same to the byte for any `num_workers`. A folder that holds these very scenes
    already is left alone, and none appears before it is complete.

    Args:
        folder: Must be missing, empty, or hold the same scenes.
        train: Number of scenes in the split train.
        evaluation: Number of scenes in each of val, testA and testB.
        size: Width of the scenes in pixels; they are three quarters as high.
        seed: Key of everything random.
        num_workers: Processes that draw; 1 or less draws in this one.

    Raises:
        BadInputError: If `folder` holds anything else, or a number makes no sense.
    """
    if size < SMALLEST_SIZE or min(train, evaluation) < 0:
        raise BadInputError(
            f"expected scenes of at least {SMALLEST_SIZE} pixels and counts of at least 0, "
            f"not {size} pixels, {train} scenes for training and {evaluation} for evaluation"
        )
    settings = {
        "train": train, "evaluation": evaluation, "size": size, "seed": seed, "revision": REVISION
    }  # fmt: skip
    if _is_finished(folder, settings):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        unfinished = Path(temporary) / folder.name
        (unfinished / "images").mkdir(parents=True)
        orders = _orders(settings, unfinished / "images")
        scenes = list(tqdm(_drawn(orders, num_workers), "Drawing scenes", len(orders)))
        _write_annotations(unfinished, scenes)
        (unfinished / SETTINGS_FILE).write_text(json.dumps(settings, indent=2) + "\n")
        try:
            unfinished.rename(folder)
        except OSError:
            # Another process may have been faster; its scenes are as good as ours.
            if not _is_finished(folder, settings):
                raise


def _is_finished(folder: Path, settings: dict[str, int]) -> bool:
    """Whether `folder` holds the scenes of `settings`; False where there is nothing yet.

    Raises:
        BadInputError: If it holds something else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    file = folder / SETTINGS_FILE
    if not file.is_file():
        raise BadInputError("expected no such folder, an empty one, or one of scenes", file=folder)
    found = json.loads(file.read_text())
    if found != settings:
        raise BadInputError(f"expected scenes with {settings}, but it has {found}", file=file)
    return True


def _orders(settings: dict[str, int], images_folder: Path) -> list[Order]:
    frame = Frame(settings["size"], settings["size"] * 3 // 4)
    places = [(TRAIN_SPLIT, index) for index in range(settings["train"])]
    places += [
        (split, index) for split in EVALUATION_SPLITS for index in range(settings["evaluation"])
    ]
    return [
        Order(image_id, split, index, frame, settings["seed"], images_folder)
        for image_id, (split, index) in enumerate(places, start=1)
    ]


def _drawn(orders: list[Order], num_workers: int) -> Iterator[Scene]:
    """Draw all scenes and yield them in order."""
    if num_workers <= 1:
        yield from map(_draw, orders)
        return
    # Spawned, since a copy of a process that runs torch's threads may hang.
    with ProcessPoolExecutor(num_workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_draw, orders, chunksize=SCENES_PER_TASK)


def _draw(order: Order) -> Scene:
    """Write the picture of one scene and return the scene."""
    random = Random(f"{order.seed} {order.split} {order.number}")  # noqa: S311 - no secrets here
    same_kind = SAME_KIND.get(order.split, random.random() < 0.5)
    while True:
        objects = lay_out(order.frame, same_kind=same_kind, random=random)
        references = _references(objects, order.frame, same_kind=same_kind, random=random)
        if len(references) >= 2:
            break
    picture = draw_scene(objects, order.frame, random)
    # Without subsampling: the colour of a small object is not blurred over its neighbours.
    picture.save(order.images_folder / _image_name(order.image_id), quality=95, subsampling=0)
    return Scene(order, objects, references)


def _references(
    objects: list[SceneObject], frame: Frame, *, same_kind: bool, random: Random
) -> list[Reference]:
    """Return two or three objects with sentences, fewer where words fail."""
    view = View(objects, frame, random)
    commonest = Counter(one.shape for one in objects).most_common(1)[0][0]
    wanted = random.randint(2, 3)
    references: list[Reference] = []
    for index in random.sample(range(len(objects)), k=len(objects)):
        if same_kind and objects[index].shape != commonest:
            continue  # its shape alone would give it away
        found = sentences(objects[index], view, random.randint(2, 4))
        if len(found) >= 2 and len(references) < wanted:
            references.append(Reference(index, found))
    return references


def _image_name(image_id: int) -> str:
    return f"scene_{image_id:012d}.jpg"


def _write_annotations(folder: Path, scenes: list[Scene]) -> None:
    first_ids = []
    next_id = 1
    for scene in scenes:
        first_ids.append(next_id)
        next_id += len(scene.objects)
    instances = {
        "info": {"description": "Drawn scenes of vg_mc", "version": str(REVISION)},
        "licenses": [],
        "images": [_image_entry(scene.order) for scene in scenes],
        "annotations": [
            _annotation_entry(scene, index, first_id + index)
            for scene, first_id in zip(scenes, first_ids, strict=True)
            for index in range(len(scene.objects))
        ],
        "categories": [
            {"id": number, "name": shape, "supercategory": "shape"}
            for number, shape in enumerate(SHAPES, start=1)
        ],
    }
    (folder / "instances.json").write_text(json.dumps(instances))
    # Protocol 2 is what REFER's own files have, and what a reader without globals must take.
    references = pickle.dumps(_reference_entries(scenes, first_ids), protocol=2)
    (folder / "refs(scenes).p").write_bytes(references)


def _image_entry(order: Order) -> dict[str, object]:
    width, height = order.frame
    name = _image_name(order.image_id)
    return {
        "id": order.image_id, "file_name": name, "width": width, "height": height, "license": 0
    }  # fmt: skip


def _annotation_entry(scene: Scene, index: int, annotation_id: int) -> dict[str, object]:
    one = scene.objects[index]
    left, top, right, bottom = one.box
    return {
        "id": annotation_id,
        "image_id": scene.order.image_id,
        "category_id": 1 + SHAPES.index(one.shape),
        "bbox": [left, top, right - left, bottom - top],
        "area": (right - left) * (bottom - top),
        "iscrowd": 0,
        "color": one.color,
        "size": one.size,
    }


def _reference_entries(scenes: list[Scene], first_ids: list[int]) -> list[dict[str, object]]:
    """Return REFER's records; ``file_name`` ends in the annotation as theirs does."""
    entries: list[dict[str, object]] = []
    next_sentence = 1
    for scene, first_id in zip(scenes, first_ids, strict=True):
        for reference in scene.references:
            annotation_id = first_id + reference.object_index
            shape = scene.objects[reference.object_index].shape
            sentence_ids = list(range(next_sentence, next_sentence + len(reference.sentences)))
            next_sentence += len(sentence_ids)
            stem = Path(_image_name(scene.order.image_id)).stem
            entries.append(
                {
                    "ref_id": len(entries) + 1,
                    "ann_id": annotation_id,
                    "category_id": 1 + SHAPES.index(shape),
                    "image_id": scene.order.image_id,
                    "file_name": f"{stem}_{annotation_id}.jpg",
                    "sent_ids": sentence_ids,
                    "sentences": [
                        _sentence_entry(sentence_id, text)
                        for sentence_id, text in zip(sentence_ids, reference.sentences, strict=True)
                    ],
                    "split": scene.order.split,
                }
            )
    return entries


def _sentence_entry(sentence_id: int, text: str) -> dict[str, object]:
    return {
        "raw": text.capitalize(), "sent": text, "sent_id": sentence_id, "tokens": text.split()
    }  # fmt: skip
