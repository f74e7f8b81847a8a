"""Which models are measured, and the made-up questions that they are asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.made_up import make_corpus
from vg_mc.markers import MARKERS
from vg_mc.preparation.settings import Drawing, PreparationSettings, ProposerChoice

if TYPE_CHECKING:
    from vg_mc.prepared.dataset import PreparedDataset

TRAIN, EVALUATION = "train", "val"


@dataclass(frozen=True, slots=True)
class Task:
    """A model with a random start, and how much it is given to do.

    Attributes:
        train_photos: Photos to train on, with 7.5 expressions and 10 candidates each.
        evaluation_photos: Likewise, to evaluate on.
        steps: Optimizer steps; the first is not timed.
        expressions_per_step: Of the plain way and of ours by expression.
        images_per_step: Of ours by image.
    """

    model: str
    image_size: int
    train_photos: int
    evaluation_photos: int
    steps: int
    expressions_per_step: int
    images_per_step: int


def prepare_task(task: Task, scratch: Path) -> None:
    """Prepare the task's dataset, unless another comparison did so."""
    from vg_mc.preparation.run import prepare

    folder = dataset_folder(task, scratch)
    if folder.exists():
        return
    photos = {TRAIN: task.train_photos, EVALUATION: task.evaluation_photos}
    settings = PreparationSettings(
        drawing=Drawing({"seed": MARKERS["seed"]}, task.image_size, "squash"),
        train_proposer=ProposerChoice("annotations"),
        proposer=ProposerChoice("annotations"),
        splits=(TRAIN, EVALUATION),
        skip_bad=False,
    )
    prepare(make_corpus(scratch / "photos", photos), settings, folder, num_workers=1)


def dataset_folder(task: Task, scratch: Path) -> Path:
    """Return where the task's dataset is."""
    return scratch / f"prepared-{task.image_size}-{task.train_photos}-{task.evaluation_photos}"


def open_task(task: Task, scratch: Path) -> "PreparedDataset":
    """Open the task's dataset."""
    from vg_mc.prepared.dataset import open_prepared

    return open_prepared(dataset_folder(task, scratch))
