"""Who shares the work of encoding: the processes that were launched, or one that is on its own."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


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
