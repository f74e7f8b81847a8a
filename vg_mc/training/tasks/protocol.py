"""What a training run optimises: all that the trainer knows about a model and its examples.

A task owns a module with every weight that is trained, heads beside an encoder included. Optimizer,
moving average, checkpoints and resume act on that module and on nothing else, so a part of it
cannot be forgotten by one of them.
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
    """What a forward pass over one part of a batch came to, as means over its examples."""

    loss: Tensor  # ()
    accuracy: Tensor  # (), of the examples of this part
    images: int  # encoded images, the cost of the part


@dataclass(frozen=True, slots=True)
class Validation:
    """Result of a validation.

    Attributes:
        score: What the best epoch maximises, from 0 to 1.
        entry: Numbers for ``metrics.jsonl``; None where one does not apply.
    """

    score: float
    entry: Mapping[str, float | int | None]


class Task(Protocol[Batch]):
    """A model, its training examples, and how both are judged.

    Attributes:
        model: Every weight that is trained or has to be saved; called with a batch.
        units: Number of units that batches are made of, such as expressions or images.
        summary: Which examples are used and which are skipped, in one sentence.
    """

    model: nn.Module
    units: int
    summary: str

    def lr_scales(self) -> Mapping[str, float]:
        """Return the factor of the learning rate of each parameter of `model`, by its name."""

    def plan(self, epoch: int, *, parts: int) -> list[list[MicroBatch]]:
        """Return the batches of an epoch, each divided into `parts`; a pure function.

        Raises:
            ValueError: If a batch has fewer units than parts.
        """

    def examples(self) -> Dataset[tuple[Batch, float]]:
        """Return a dataset indexed by `MicroBatch`: its tensors, and its weight in the loss.

        It runs in the workers of a data loader and is a pure function of data and index.
        """

    def expression_ids(self, part: MicroBatch) -> list[int]:
        """Return the ids of the expressions of a part, to name them in messages."""

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

        CLIP is saved as a plain model; what is learned beside it lies beside it.
        """

    def size_of(self, batch: Batch) -> str:
        """Describe how large a batch is, to report it when memory runs out."""

    def cheaper(self) -> list[str]:
        """Name the options that need less memory."""

    def forecast(self) -> str:
        """Describe what the run will take: parameters, steps, images, memory and disk."""
