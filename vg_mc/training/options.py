"""Options of a training run, in groups that are defined beside the code that uses them.

Every field of a group is a flag of ``finetune.py``. Modules with a group import PyTorch inside
functions only, so that ``--help`` does not load it.
"""

from dataclasses import dataclass, field
from typing import Annotated

from vg_mc.errors import BadInputError
from vg_mc.system.options import AT_LEAST_0, AT_LEAST_1, INDECISIVE, check_ranges
from vg_mc.training.batching.augmentation import AugmentationOptions
from vg_mc.training.batching.sampling import ExampleOptions
from vg_mc.training.optimization import OptimizationOptions
from vg_mc.training.parameters import ParameterOptions
from vg_mc.training.tasks.losses import LossOptions


@dataclass(frozen=True, slots=True)
class ScheduleOptions:
    """Length of a run, its batches and checkpoints."""

    epochs: Annotated[int, AT_LEAST_1] = 5
    """Passes over the training split."""

    batch_size: Annotated[int, AT_LEAST_1] = 64
    """Expressions (images, with batching by image) per step, over all processes."""

    gradient_accumulation: Annotated[int, AT_LEAST_1] = 1
    """Number of parts in which each process computes its examples of a batch."""

    evaluation_batch_size: Annotated[int, AT_LEAST_1] = 256
    """Images per forward pass in validation."""

    checkpoint_steps: Annotated[int, AT_LEAST_1, INDECISIVE] = 500
    """Steps between checkpoints; one is also saved after each epoch."""

    keep: Annotated[int, AT_LEAST_1, INDECISIVE] = 2
    """Number of checkpoints to keep."""

    seed: Annotated[int, AT_LEAST_0] = 0
    """Seed of random weights, batches, sampled candidates and augmentation."""


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """All options that determine the weights of a run, besides the data and the initial model."""

    examples: ExampleOptions = field(default_factory=ExampleOptions)
    augmentation: AugmentationOptions = field(default_factory=AugmentationOptions)
    loss: LossOptions = field(default_factory=LossOptions)
    schedule: ScheduleOptions = field(default_factory=ScheduleOptions)
    optimization: OptimizationOptions = field(default_factory=OptimizationOptions)
    parameters: ParameterOptions = field(default_factory=ParameterOptions)

    def check(self) -> None:
        """Check ranges and dependencies of options.

        Raises:
            BadInputError: If an option is invalid; its record is the flag.
        """
        from vg_mc.models.trainable.freezing import check_choice

        check_ranges(self)
        check_choice(self.parameters.train)
        if self.parameters.picture_chunk and not self.parameters.freezes_batch_norm:
            problem = "requires --batch-norm frozen, since chunks would be normalised separately"
            raise BadInputError(problem, record="--picture-chunk")
        by_image = {
            "symmetric": self.loss.symmetric,
            "max-candidates": self.examples.max_candidates,
        }
        for name, value in by_image.items():
            if value and self.examples.batching != "image":
                raise BadInputError("requires --batching image", record=f"--{name}")
