"""Generator of the synthetic corpus: drawn scenes with referring expressions in REFER format.

It needs no download and no license, and contains the difficulties of RefCOCO: several objects of
one category, overlap, clutter, objects cut by the image border, and expressions with attributes,
sizes, places and relations. It is read by the reader of RefCOCO
(https://github.com/lichengunc/refer).
"""

import json
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import NamedTuple

from vg_mc.corpora.scenes.drawing import draw_scene
from vg_mc.corpora.scenes.language import View, sentences
from vg_mc.corpora.scenes.layout import lay_out
from vg_mc.corpora.scenes.objects import Frame, SceneObject
from vg_mc.corpora.scenes.records import Reference, Scene, write_annotations
from vg_mc.errors import BadInputError
from vg_mc.records import TRAIN_SPLIT
from vg_mc.system.disk_space import full_disk_errors
from vg_mc.system.progress import progress_bar
from vg_mc.system.workers import unordered_results

EVALUATION_SPLITS = ("val", "testA", "testB")
SAME_KIND = {"testA": True, "testB": False}  # the other splits contain both kinds

SETTINGS_FILE = "scenes.json"  # written last: a folder that has it is complete
REVISION = 1  # incremented when the same settings give different scenes

SMALLEST_SIZE = 64  # below, small objects have only a few pixels
SCENES_PER_TASK = 25


class Order(NamedTuple):
    """A scene to draw; image and expressions depend on nothing else."""

    image_id: int
    split: str
    number: int  # within its split
    frame: Frame
    seed: int
    images_folder: Path
    sentences_per_object: int  # 0: a random number, for two or three objects only


def write_scenes(
    folder: Path,
    *,
    train: int,
    evaluation: int,
    size: int,
    seed: int,
    num_workers: int,
    train_sentences: int = 0,
) -> None:
    """Write ``images/``, ``instances.json`` and ``refs(scenes).p`` to `folder`.

    The files are byte-identical for any `num_workers`. A folder that already contains the same
    scenes is kept, and a new folder appears only when it is complete.

    Args:
        folder: Must be missing, empty, or contain the same scenes.
        train: Number of scenes in the split train.
        evaluation: Number of scenes in each of val, testA and testB.
        size: Width of the scenes in pixels; the height is three quarters of it.
        seed: Key of all randomness.
        num_workers: Number of drawing processes; with 1 or less, this process draws.
        train_sentences: Expressions for each object of a training scene. By default two or three
            objects have expressions, as in the other splits. All objects of a scene are encoded in
            either case, so a model learns more from the same images. Images and other splits do not
            depend on it.

    Raises:
        BadInputError: If `folder` contains anything else, a number is out of range, or the disk is
            full.
    """
    if size < SMALLEST_SIZE or min(train, evaluation, train_sentences) < 0:
        raise BadInputError(
            f"expected scenes of at least {SMALLEST_SIZE} pixels and counts of at least 0, "
            f"not {size} pixels, {train} scenes for training and {evaluation} for evaluation"
        )
    settings = {
        "train": train, "evaluation": evaluation, "size": size, "seed": seed, "revision": REVISION
    }  # fmt: skip
    if train_sentences:
        settings["train_sentences"] = train_sentences
    if _is_finished(folder, settings):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (
        full_disk_errors(folder, "make room and run the same command again"),
        tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary,
    ):
        unfinished = Path(temporary) / folder.name
        (unfinished / "images").mkdir(parents=True)
        orders = _orders(settings, unfinished / "images")
        scenes = _drawn(orders, num_workers)
        write_annotations(unfinished, scenes)
        (unfinished / SETTINGS_FILE).write_text(json.dumps(settings))
        try:
            unfinished.rename(folder)
        except OSError:
            # Another process may have written the same scenes in the meantime.
            if not _is_finished(folder, settings):
                raise


def _is_finished(folder: Path, settings: dict[str, int]) -> bool:
    """Return True if `folder` contains the scenes of `settings`, False if it is missing or empty.

    Raises:
        BadInputError: If it contains anything else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    file = folder / SETTINGS_FILE
    if not file.is_file():
        raise BadInputError("expected a missing or empty folder, or one with scenes", file=folder)
    expected, found = json.dumps(settings), file.read_text()
    if found != expected:
        raise BadInputError(f"expected scenes with {expected}, found {found}", file=file)
    return True


def _orders(settings: dict[str, int], images_folder: Path) -> list[Order]:
    frame = Frame(settings["size"], settings["size"] * 3 // 4)
    places = [(TRAIN_SPLIT, index) for index in range(settings["train"])]
    places += [
        (split, index) for split in EVALUATION_SPLITS for index in range(settings["evaluation"])
    ]
    described = {TRAIN_SPLIT: settings.get("train_sentences", 0)}
    return [
        Order(
            image_id, split, index, frame, settings["seed"], images_folder, described.get(split, 0)
        )
        for image_id, (split, index) in enumerate(places, start=1)
    ]


def _drawn(orders: list[Order], num_workers: int) -> list[Scene]:
    """Draw all scenes and return them in order."""
    tasks = [
        orders[start : start + SCENES_PER_TASK] for start in range(0, len(orders), SCENES_PER_TASK)
    ]
    scenes: list[Scene] = []
    with progress_bar(description="Drawing scenes", total=len(orders)) as progress:
        for drawn in unordered_results(_draw_some, tasks, num_workers):
            scenes += drawn
            progress.update(len(drawn))
    return sorted(scenes, key=lambda scene: scene.image_id)


def _draw_some(orders: list[Order]) -> list[Scene]:
    return [_draw(order) for order in orders]


def _draw(order: Order) -> Scene:
    """Draw one scene, save its image and return it."""
    random = Random(f"{order.seed} {order.split} {order.number}")  # noqa: S311 - not for security
    same_kind = SAME_KIND.get(order.split, random.random() < 0.5)
    while True:
        objects = lay_out(order.frame, same_kind=same_kind, random=random)
        references = _references(objects, order.frame, same_kind=same_kind, random=random)
        if len(references) >= 2:
            break
    picture = draw_scene(objects, order.frame, random)
    if order.sentences_per_object:
        references = _references_to_all(objects, order)
    # No chroma subsampling, so the color of a small object does not bleed into its neighbors.
    scene = Scene(order.image_id, order.split, order.frame, objects, references)
    picture.save(order.images_folder / scene.file_name, quality=95, subsampling=0)
    return scene


def _references(
    objects: list[SceneObject], frame: Frame, *, same_kind: bool, random: Random
) -> list[Reference]:
    """Return two or three objects with expressions, fewer if too few can be described."""
    view = View(objects, frame, random)
    commonest = Counter(one.shape for one in objects).most_common(1)[0][0]
    count = random.randint(2, 3)
    references: list[Reference] = []
    for index in random.sample(range(len(objects)), k=len(objects)):
        if same_kind and objects[index].shape != commonest:
            continue  # its shape alone would identify it
        found = sentences(objects[index], view, random.randint(2, 4))
        if len(found) >= 2:
            references.append(Reference(index, found))
        if len(references) == count:
            break
    return references


def _references_to_all(objects: list[SceneObject], order: Order) -> list[Reference]:
    """Return expressions for every object that can be described.

    They have their own random numbers, so that images do not depend on them.
    """
    random = Random(f"{order.seed} {order.split} {order.number} all")  # noqa: S311
    view = View(objects, order.frame, random)
    described = [sentences(one, view, order.sentences_per_object) for one in objects]
    return [Reference(index, found) for index, found in enumerate(described) if found]
