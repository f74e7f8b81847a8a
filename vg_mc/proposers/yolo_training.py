"""Train a YOLO from a random start on the boxes of a corpus, with ultralytics' own trainer.

Proposals need no class: every annotated box is an ``object``. The drawn scenes get their detector
this way, so that the demo needs no download.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import yaml

from vg_mc.errors import BadInputError
from vg_mc.proposers.offline_ultralytics import import_ultralytics
from vg_mc.records import TRAIN_SPLIT, Corpus, Photo, Proposal
from vg_mc.system.progress import progress_bar

if TYPE_CHECKING:
    from ultralytics.models.yolo.detect import DetectionTrainer

TINY = Path(__file__).with_name("yolo-tiny.yaml")

# The trainer wants photos to validate on. Its verdict is not used, so a few known ones will do.
VALIDATION_PHOTOS = 8

# Scenes are plentiful and alike: a few flips and shifts are enough, and mosaics cost much time.
RECIPE = {
    "optimizer": "AdamW",
    "lr0": 4e-3,
    "lrf": 0.02,
    "cos_lr": True,
    "warmup_epochs": 0.5,
    "mosaic": 0.0,
    "scale": 0.2,
    "translate": 0.1,
    "hsv_h": 0.0,
    "hsv_s": 0.0,
    "hsv_v": 0.0,
}
QUIET = {"plots": False, "val": False, "verbose": False, "workers": 0, "amp": False}


def train_yolo(
    corpus: Corpus,
    folder: Path,
    *,
    architecture: Path | str,
    image_size: int,
    epochs: int,
    seed: int,
    batch_size: int,
) -> Path:
    """Train on the annotated boxes of all photos of the split train; return the weights.

    Args:
        corpus: Where photos and boxes come from.
        folder: Is emptied, then holds the data in ultralytics' layout and its run.
        architecture: A model file of ultralytics, such as `TINY`.
        image_size: Longer side of the photos in the model.
        epochs: Passes over the photos.
        seed: The same seed gives the same weights on the same machine.
        batch_size: Photos per step.

    Raises:
        BadInputError: If no photo of the split train has a box.
    """
    shutil.rmtree(folder, ignore_errors=True)
    settings = {
        "model": str(architecture),
        "data": str(_write_dataset(corpus, folder.resolve() / "data")),
        "project": str(folder.resolve()),
        "name": "run",
        "imgsz": image_size,
        "epochs": epochs,
        "batch": batch_size,
        "nbs": batch_size,  # a step per batch
        "seed": seed,
        "device": "cpu",
        "pretrained": False,
        "rect": _are_alike(corpus),  # no padding to a square
    }
    return _trained(settings | RECIPE | QUIET)


def _are_alike(corpus: Corpus) -> bool:
    """Whether all photos have one size; otherwise ultralytics could not shuffle unpadded ones."""
    return len({(photo.width, photo.height) for photo in corpus.photos.values()}) == 1


def _trained(settings: dict[str, Any]) -> Path:
    _keep_the_font_at_home(import_ultralytics())
    from ultralytics.models.yolo.detect import DetectionTrainer

    threads = torch.get_num_threads()
    with progress_bar(description="Training YOLO", unit="step") as progress:
        trainer = DetectionTrainer(overrides=settings)
        trainer.add_callback("on_train_start", lambda it: progress.reset(_steps_of(it)))
        trainer.add_callback("on_train_batch_end", lambda _: progress.update())
        torch.set_num_threads(threads)  # the trainer takes all cores but one
        trainer.train()  # type: ignore[no-untyped-call]
    torch.set_num_threads(threads)
    return Path(trainer.best)


def _steps_of(trainer: "DetectionTrainer") -> int:
    """Count the batches of all epochs; they are known once the trainer has read its data."""
    return len(trainer.train_loader) * int(trainer.epochs)


def _keep_the_font_at_home(settings_folder: Path) -> None:
    """Put matplotlib's font where ultralytics would download one to, though nothing is plotted."""
    import matplotlib as mpl

    font = settings_folder / "Arial.ttf"
    shutil.copyfile(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", font)


def _write_dataset(corpus: Corpus, folder: Path) -> Path:
    """Write the photos of the split train as ultralytics wants them; return their data file."""
    wanted = {found.image_id for found in corpus.expressions if found.split == TRAIN_SPLIT}
    image_ids = sorted(wanted & corpus.annotations.keys())
    if not image_ids:
        raise BadInputError("expected annotated photos in the split train, found none")
    for part, members in (("train", image_ids), ("val", image_ids[:VALIDATION_PHOTOS])):
        images, labels = folder / "images" / part, folder / "labels" / part
        images.mkdir(parents=True)
        labels.mkdir(parents=True)
        for image_id in members:
            photo = corpus.photos[image_id]
            source = (corpus.images_folder / photo.file_name).resolve()
            (images / f"{image_id}{source.suffix}").symlink_to(source)
            text = _label_text(photo, corpus.annotations[image_id])
            (labels / f"{image_id}.txt").write_text(text)
    data_file = folder / "data.yaml"
    parts = {"train": "images/train", "val": "images/val"}
    data_file.write_text(yaml.safe_dump({"path": str(folder), **parts, "names": {0: "object"}}))
    return data_file


def _label_text(photo: Photo, regions: list[Proposal]) -> str:
    """Spell boxes as lines of class, centre and size, in shares of the photo."""
    lines = []
    for left, top, right, bottom in (region.box for region in regions):
        center = ((left + right) / 2 / photo.width, (top + bottom) / 2 / photo.height)
        size = ((right - left) / photo.width, (bottom - top) / photo.height)
        lines.append(" ".join(["0", *(f"{share:.6f}" for share in center + size)]))
    return "".join(f"{line}\n" for line in lines)
