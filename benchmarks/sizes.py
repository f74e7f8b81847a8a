"""How much is measured: enough for figures, or just enough to see that all of it works."""

from dataclasses import dataclass

from benchmarks.models import Task


@dataclass(frozen=True, slots=True)
class Size:
    """What a run measures.

    Attributes:
        photos: Made-up photos to prepare.
    """

    photos: int
    tasks: tuple[Task, ...]


QUICK = Size(
    photos=4,
    tasks=(Task("tiny-resnet", 64, 4, 2, steps=2, expressions_per_step=8, images_per_step=1),),
)
FULL = Size(
    photos=400,
    tasks=(
        Task("tiny-resnet", 64, 90, 40, steps=20, expressions_per_step=32, images_per_step=4),
        Task("open_clip:RN50", 224, 4, 4, steps=3, expressions_per_step=8, images_per_step=1),
        Task("open_clip:ViT-B-32", 224, 4, 4, steps=3, expressions_per_step=8, images_per_step=1),
    ),
)
