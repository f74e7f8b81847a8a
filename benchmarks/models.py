"""The models to measure, and their synthetic datasets."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchmarks.made_up import OFFICIAL, Shape, make_corpus
from vg_mc.images.markers import CLIP_REFCOCO
from vg_mc.prepared.build.settings import Drawing, PreparationSettings
from vg_mc.proposers.choice import ProposerChoice

if TYPE_CHECKING:
    from vg_mc.prepared.dataset import PreparedDataset

TRAIN, EVALUATION = "train", "val"


@dataclass(frozen=True, slots=True)
class Questions:
    """A synthetic dataset with training and evaluation images."""

    image_size: int
    train_photos: int
    evaluation_photos: int
    shape: Shape = OFFICIAL


@dataclass(frozen=True, slots=True)
class EvaluationTask:
    """A model with random weights, and the images that it is evaluated on.

    Attributes:
        photos: Number of images for vg_mc.
        plain_photos: Number of images for the baseline, enough to measure its rate.
    """

    model: str
    image_size: int
    photos: int
    plain_photos: int

    @property
    def questions(self) -> Questions:
        """What is asked."""
        return Questions(self.image_size, 0, self.photos)


@dataclass(frozen=True, slots=True)
class TrainingTask:
    """A model with random weights, and its training.

    Attributes:
        train_photos: Number of images, repeated until there were enough steps.
        steps: Number of timed optimizer steps.
        expressions_per_step: Batch size of the baseline and of batching by expression.
        images_per_step: Batch size of batching by image.
    """

    model: str
    image_size: int
    shape: Shape
    train_photos: int
    steps: int
    expressions_per_step: int
    images_per_step: int

    @property
    def questions(self) -> Questions:
        """What is asked; a trainer wants something to validate on, too."""
        return Questions(self.image_size, self.train_photos, 1, self.shape)


@dataclass(frozen=True, slots=True)
class Hardware:
    """Device and settings of a training.

    Attributes:
        precision: Arithmetic of the forward pass.
        num_workers: Number of decoding processes, 0 to decode in the training process.
        matrix_side: Rows and columns of the matrices whose product gives the matrix rate.
    """

    cpu: bool
    precision: Literal["no", "bf16"]
    num_workers: int
    matrix_side: int

    @property
    def warm_up(self) -> int:
        """Number of untimed steps; a loader prefetches two batches per worker."""
        return 1 + 2 * self.num_workers


CPU = Hardware(cpu=True, precision="no", num_workers=0, matrix_side=2048)


def prepare_questions(questions: Questions, scratch: Path) -> None:
    """Prepare the dataset, unless another comparison did so."""
    from vg_mc.prepared.build.run import prepare

    folder = dataset_folder(questions, scratch)
    if folder.exists():
        return
    photos = {TRAIN: questions.train_photos, EVALUATION: questions.evaluation_photos}
    settings = PreparationSettings(
        drawing=Drawing({"clip-refcoco": CLIP_REFCOCO}, questions.image_size, "squash"),
        train_proposer=ProposerChoice("annotations"),
        proposer=ProposerChoice("annotations"),
        splits=tuple(split for split, count in photos.items() if count),
        skip_bad=False,
    )
    corpus = make_corpus(scratch / "photos", photos, questions.shape)
    prepare(corpus, settings, folder, num_workers=1)


def dataset_folder(questions: Questions, scratch: Path) -> Path:
    """Return where the dataset is."""
    photos = f"{questions.train_photos}-{questions.evaluation_photos}"
    return scratch / f"prepared-{questions.image_size}-{photos}-{questions.shape.boxes}"


def open_questions(questions: Questions, scratch: Path) -> "PreparedDataset":
    """Open the dataset."""
    from vg_mc.prepared.dataset import open_prepared

    return open_prepared(dataset_folder(questions, scratch))
