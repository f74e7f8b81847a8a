"""Sizes of benchmarks: full ones for measurements, and quick ones for tests."""

from dataclasses import dataclass

from benchmarks.made_up import MINI, OFFICIAL, SCENES, Shape
from benchmarks.models import EvaluationTask, TrainingTask

RN50, VIT = "open_clip:RN50", "open_clip:ViT-B-32"


@dataclass(frozen=True, slots=True)
class Size:
    """Sizes of all benchmarks of a run.

    Attributes:
        photos: Number of synthetic images to prepare.
        evaluations: Models to evaluate.
        memory_photos: Numbers of images of the smaller and of the larger evaluation.
        scored: Numbers of expressions and images of the statistics.
        trainings: Models to train.
    """

    photos: int
    evaluations: tuple[EvaluationTask, ...]
    memory_photos: tuple[int, int]
    scored: tuple[int, int]
    trainings: tuple[TrainingTask, ...]


def _training(model: str, shape: Shape, images_per_step: int) -> TrainingTask:
    return TrainingTask(
        model, 224, shape, 12, steps=1, expressions_per_step=8, images_per_step=images_per_step
    )


QUICK_SIDE = 64  # of matrices; without bf16 units, 2048 would take a CPU 20 minutes
QUICK = Size(
    photos=4,
    evaluations=(EvaluationTask("tiny-resnet", 64, 3, 2),),
    memory_photos=(2, 4),
    scored=(300, 60),
    trainings=(
        TrainingTask(
            "tiny-resnet", 64, SCENES, 4, steps=1, expressions_per_step=8, images_per_step=1
        ),
    ),
)
FULL = Size(
    photos=400,
    evaluations=(
        EvaluationTask("tiny-resnet", 64, 40, 40),
        EvaluationTask(RN50, 224, 12, 4),
        EvaluationTask(VIT, 224, 12, 4),
    ),
    memory_photos=(50, 400),
    scored=(10_834, 1_500),  # as in RefCOCO's val
    trainings=(
        TrainingTask(
            "tiny-resnet", 64, OFFICIAL, 90, steps=20, expressions_per_step=32, images_per_step=4
        ),
        # Steps of both ways of batching have about as many candidate images.
        *(_training(model, SCENES, images_per_step=6) for model in (RN50, VIT)),
        *(_training(model, MINI, images_per_step=4) for model in (RN50, VIT)),
    ),
)


def _on_gpu(model: str, shape: Shape, pictures: int) -> TrainingTask:
    return TrainingTask(
        model, 224, shape, 800, steps=40, expressions_per_step=pictures // 4,
        images_per_step=pictures // shape.boxes,
    )  # fmt: skip


QUICK_ON_GPU = QUICK.trainings
FULL_ON_GPU = tuple(
    _on_gpu(model, shape, pictures)
    for model, pictures in ((VIT, 1024), (RN50, 512))
    for shape in (SCENES, MINI, OFFICIAL)
)
