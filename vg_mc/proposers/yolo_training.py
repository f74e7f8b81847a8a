"""Train a YOLO detector from scratch on the annotated boxes of a corpus, with ultralytics.

All boxes have the class ``object``, since proposals need no class. The demo trains the detector of
the drawn scenes with this module, so that it needs no download.
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

# The trainer requires validation images; its result is not used, so a few training images suffice.
VALIDATION_PHOTOS = 8

# Scenes are numerous and similar, so little augmentation is needed; mosaics are slow.
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
    """Train a detector on the annotated boxes of the split train.

    Args:
        corpus: Images and boxes.
        folder: Output folder for the data in ultralytics' layout and its run; existing content is
            deleted.
        architecture: A model file of ultralytics, such as `TINY`.
        image_size: Longer side in pixels to which images are resized.
        epochs: Number of epochs.
        seed: Random seed; the same seed gives the same weights on the same machine.
        batch_size: Number of images per step.

    Returns:
        The file of the weights.

    Raises:
        BadInputError: If no image of the split train has a box.
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
    """Return whether all images have the same size, so that batches need no padding."""
    return len({(photo.width, photo.height) for photo in corpus.photos.values()}) == 1


def _trained(settings: dict[str, Any]) -> Path:
    _keep_the_font_at_home(import_ultralytics())
    from ultralytics.models.yolo.detect import DetectionTrainer

    threads = torch.get_num_threads()
    with progress_bar(description="Training YOLO", unit="step") as progress:
        trainer = DetectionTrainer(overrides=settings)
        trainer.add_callback("on_train_start", lambda it: progress.reset(_steps_of(it)))
        trainer.add_callback("on_train_batch_end", lambda _: progress.update())
        torch.set_num_threads(threads)  # the trainer sets its own number of threads
        trainer.train()  # type: ignore[no-untyped-call]
    torch.set_num_threads(threads)
    return Path(trainer.best)


def _steps_of(trainer: "DetectionTrainer") -> int:
    """Return the number of batches in all epochs; requires that the trainer has loaded its data."""
    return len(trainer.train_loader) * int(trainer.epochs)


def _keep_the_font_at_home(settings_folder: Path) -> None:
    """Copy matplotlib's font to ultralytics' settings folder, so that none is downloaded."""
    import matplotlib as mpl

    font = settings_folder / "Arial.ttf"
    shutil.copyfile(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", font)


def _write_dataset(corpus: Corpus, folder: Path) -> Path:
    """Write the images of the split train in ultralytics' layout and return the data file.

    Raises:
        BadInputError: If no image of the split train has a box.
    """
    wanted = {found.image_id for found in corpus.expressions if found.split == TRAIN_SPLIT}
    image_ids = sorted(wanted & corpus.annotations.keys())
    if not image_ids:
        raise BadInputError("expected annotated images in the split train, found none")
    for part, members in (("train", image_ids), ("val", image_ids[:VALIDATION_PHOTOS])):
        images, labels = folder / "images" / part, folder / "labels" / part
        images.mkdir(parents=True)
        labels.mkdir(parents=True)
        for image_id in members:
            photo = corpus.photos[image_id]
            source = (corpus.images_folder.path / photo.file_name).resolve()
            (images / f"{image_id}{source.suffix}").symlink_to(source)
            text = _label_text(photo, corpus.annotations[image_id])
            (labels / f"{image_id}.txt").write_text(text)
    data_file = folder / "data.yaml"
    parts = {"train": "images/train", "val": "images/val"}
    data_file.write_text(yaml.safe_dump({"path": str(folder), **parts, "names": {0: "object"}}))
    return data_file


def _label_text(photo: Photo, regions: list[Proposal]) -> str:
    """Return lines of class, center and size of each box, as fractions of the image size."""
    lines = []
    for left, top, right, bottom in (region.box for region in regions):
        center = ((left + right) / 2 / photo.width, (top + bottom) / 2 / photo.height)
        size = ((right - left) / photo.width, (bottom - top) / photo.height)
        lines.append(" ".join(["0", *(f"{share:.6f}" for share in center + size)]))
    return "".join(f"{line}\n" for line in lines)
