"""Who shares the work of encoding: the processes that were launched, or one that is on its own.

Whether to stop: a signal may reach one process only, and none may go on without the others.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, cast

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.distributed import ProcessGroup


class Processes(Protocol):
    """What is asked of processes that share work; an ``Accelerator`` of Accelerate knows it all."""

    @property
    def device(self) -> torch.device:
        """Where this process computes."""

    @property
    def num_processes(self) -> int:
        """How many there are."""

    @property
    def process_index(self) -> int:
        """Which of them this one is, from 0."""

    @property
    def is_main_process(self) -> bool:
        """Whether it is the one that talks and writes."""

    def gather(self, tensor: Tensor) -> Tensor:
        """Return the tensors (N, ...) of all processes, one after the other."""

    def autocast(self) -> AbstractContextManager[object]:
        """Compute in the precision that was asked for."""


@dataclass(frozen=True, slots=True)
class Alone:
    """One process in full precision, which asks nobody, however many others were launched."""

    device: torch.device
    num_processes: int = 1
    process_index: int = 0
    is_main_process: bool = True

    def gather(self, tensor: Tensor) -> Tensor:
        """Return what there is."""
        return tensor

    def autocast(self) -> AbstractContextManager[object]:
        """Change nothing."""
        return nullcontext()


class Agreement:
    """Lets all processes come to one decision after each step, without a wait for the device."""

    def __init__(self, accelerator: Accelerator) -> None:
        """Open a channel between the processes; all of them must do so together."""
        # Not the one of the gradients: on a GPU, its answer would come after all work at hand.
        several = accelerator.num_processes > 1
        group = torch.distributed.new_group(backend="gloo") if several else None
        self._group = cast("ProcessGroup | None", group)  # an int in processes left out of it

    def largest(self, number: int) -> int:
        """Return the largest `number` that any process gives, to all of them."""
        if self._group is None:
            return number
        shared = torch.tensor(number)
        torch.distributed.all_reduce(shared, torch.distributed.ReduceOp.MAX, self._group)
        return int(shared)
