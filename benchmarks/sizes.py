"""How much is measured: enough for figures, or just enough to see that all of it works."""

from dataclasses import dataclass

from benchmarks.made_up import MINI, OFFICIAL, SCENES, Shape
from benchmarks.models import EvaluationTask, TrainingTask

RN50, VIT = "open_clip:RN50", "open_clip:ViT-B-32"


@dataclass(frozen=True, slots=True)
class Size:
    """What a run measures.

    Attributes:
        photos: Made-up photos to prepare.
        evaluations: Models that answer.
        memory_photos: Photos that are evaluated in the smaller and in the larger run.
        scored: Expressions and photos of the statistics.
        trainings: Models that learn.
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
    scored=(10_834, 1_500),  # as many as RefCOCO's val has
    trainings=(
        TrainingTask(
            "tiny-resnet", 64, OFFICIAL, 90, steps=20, expressions_per_step=32, images_per_step=4
        ),
        # In each step of both batchings, about as many pictures.
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
