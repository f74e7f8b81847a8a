"""Interface of a training task, which the trainer uses for any model and dataset.

The module of a task contains all trained weights, including heads beside an encoder. The optimizer,
the moving average and the checkpoints use this module only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from torch import Tensor, nn
from torch.utils.data import Dataset

from vg_mc.training.batching.batches import MicroBatch

VALIDATION_SPLIT = "val"

Batch = TypeVar("Batch")


class StepOutcome(NamedTuple):
    """Result of a forward pass over one part of a batch, as means over its examples."""

    loss: Tensor  # ()
    accuracy: Tensor  # (), of the examples of this part
    images: int  # number of encoded images


@dataclass(frozen=True, slots=True)
class Validation:
    """Result of a validation.

    Attributes:
        score: Metric from 0 to 1 that selects the best epoch.
        entry: Numbers for ``metrics.jsonl``; None where one does not apply.
    """

    score: float
    entry: Mapping[str, float | int | None]


class Task(Protocol[Batch]):
    """A model with its training examples, loss and validation.

    Attributes:
        model: Module with all weights to train or save; called with a batch.
        units: Number of units that batches are made of, such as expressions or images.
        summary: Number of used and skipped examples, as a message.
    """

    model: nn.Module
    units: int
    summary: str

    def lr_scales(self) -> Mapping[str, float]:
        """Return the learning rate scale of each parameter of `model`, by name."""

    def plan(self, epoch: int, *, parts: int) -> list[list[MicroBatch]]:
        """Return the batches of an epoch, each divided into `parts`, deterministically.

        Raises:
            ValueError: If a batch has fewer units than parts.
        """

    def examples(self) -> Dataset[tuple[Batch, float]]:
        """Return a dataset that maps a `MicroBatch` to its tensors and its weight in the loss.

        It runs in the workers of a data loader and must be deterministic.
        """

    def expression_ids(self, part: MicroBatch) -> list[int]:
        """Return the ids of the expressions of a part, for logs."""

    def step(self, model: nn.Module, batch: Batch) -> StepOutcome:
        """Run `model`, which is `self.model` or a wrapper of it, on a batch."""

    def validate(self, *, num_workers: int) -> Validation:
        """Score the validation split; all processes share the work."""

    def save(
        self,
        folder: Path,
        *,
        epoch: int,
        validation: Validation,
        arithmetic: Mapping[str, object],
    ) -> None:
        """Write the model of an epoch, counted from 1, and its card into an empty folder.

        An encoder is saved as a standard model; additional heads are saved beside it.
        """

    def size_of(self, batch: Batch) -> str:
        """Describe the size of a batch, for the message when memory runs out."""

    def cheaper(self) -> list[str]:
        """Return the options that reduce memory."""

    def forecast(self) -> str:
        """Describe the size of the run: parameters, steps, images, memory and disk space."""
