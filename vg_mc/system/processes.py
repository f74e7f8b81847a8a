"""Groups of processes: the launched processes or a single one, and agreement between them.

Agreement is needed for stopping: a signal may reach only one process, and the others must stop with
it.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, cast

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.distributed import ProcessGroup


class Processes(Protocol):
    """Processes that share work; implemented by Accelerate's ``Accelerator``."""

    @property
    def device(self) -> torch.device:
        """Device of this process."""

    @property
    def num_processes(self) -> int:
        """Number of processes."""

    @property
    def process_index(self) -> int:
        """Index of this process, from 0."""

    @property
    def is_main_process(self) -> bool:
        """Whether this process prints and writes files."""

    def gather(self, tensor: Tensor) -> Tensor:
        """Return the concatenated tensors (N, ...) of all processes."""

    def autocast(self) -> AbstractContextManager[object]:
        """Compute in the selected precision."""


@dataclass(frozen=True, slots=True)
class SingleProcess:
    """A single process in full precision, independent of other launched processes."""

    device: torch.device
    num_processes: int = 1
    process_index: int = 0
    is_main_process: bool = True

    def gather(self, tensor: Tensor) -> Tensor:
        """Return the tensor unchanged."""
        return tensor

    def autocast(self) -> AbstractContextManager[object]:
        """Return a context without effect."""
        return nullcontext()


class Agreement:
    """Finds one decision for all processes after each step, without waiting for the device."""

    def __init__(self, accelerator: Accelerator) -> None:
        """Create a communication group; all processes must do so together."""
        # Not the group of the gradients: on a GPU it would wait for all queued work.
        several = accelerator.num_processes > 1
        group = torch.distributed.new_group(backend="gloo") if several else None
        self._group = cast("ProcessGroup | None", group)  # an int in processes outside the group

    def largest(self, number: int) -> int:
        """Return the largest `number` of all processes."""
        if self._group is None:
            return number
        shared = torch.tensor(number)
        torch.distributed.all_reduce(shared, torch.distributed.ReduceOp.MAX, self._group)
        return int(shared)
