"""Which models are measured, and the made-up questions that they are asked."""

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
    """A made-up dataset, with photos to train on and photos to evaluate on."""

    image_size: int
    train_photos: int
    evaluation_photos: int
    shape: Shape = OFFICIAL


@dataclass(frozen=True, slots=True)
class EvaluationTask:
    """A model with a random start, and what it is to answer.

    Attributes:
        photos: Photos whose expressions our way answers.
        plain_photos: The first of them, which are enough to know the rate of the plain way.
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
    """A model with a random start, and what it is to learn.

    Attributes:
        train_photos: They come again and again until there were enough steps.
        steps: Optimizer steps that are timed.
        expressions_per_step: Of the plain way and of ours by expression.
        images_per_step: Of ours by image.
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
    """Where a model is trained, and how.

    Attributes:
        precision: Arithmetic of the forward pass.
        num_workers: Processes that decode pictures, 0 for none besides the one that trains.
        matrix_side: Rows and columns of the matrices whose product gives the matrix rate.
    """

    cpu: bool
    precision: Literal["no", "bf16"]
    num_workers: int
    matrix_side: int

    @property
    def warm_up(self) -> int:
        """Steps that are not timed; a loader brings two batches per worker in advance."""
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
