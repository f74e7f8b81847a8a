"""Stream of the batches of a run, which can start at any step."""

import math
from collections.abc import Iterator
from itertools import chain
from time import perf_counter
from typing import Generic

import torch
from accelerate import Accelerator
from torch.utils.data import DataLoader

from vg_mc.errors import BadInputError
from vg_mc.system.signals import ignore_stop_signals
from vg_mc.training.batching.batches import MicroBatch
from vg_mc.training.batching.plan import in_turn
from vg_mc.training.checkpoints import Progress
from vg_mc.training.options import ScheduleOptions
from vg_mc.training.tasks.protocol import Batch, Task


class BatchStream(Generic[Batch]):
    """Loads the parts of this process for all epochs.

    Attributes:
        steps_per_epoch: Optimizer steps per epoch.
        waited: Seconds spent waiting for batches.
    """

    def __init__(
        self, accelerator: Accelerator, task: Task[Batch], schedule: ScheduleOptions
    ) -> None:
        """Plan the first epoch.

        Raises:
            BadInputError: If there are fewer units than parts and processes.
        """
        self.accelerator = accelerator
        self.task = task
        self.schedule = schedule
        self.waited = 0.0
        self.steps_per_epoch = math.ceil(task.units / schedule.batch_size)
        try:
            self.plan(0)
        except ValueError as error:
            raise BadInputError(str(error), record="--batch-size") from error

    def plan(self, epoch: int) -> list[list[MicroBatch]]:
        """Return the batches of `epoch`, each in parts for all processes."""
        parts = self.schedule.gradient_accumulation * self.accelerator.num_processes
        return self.task.plan(epoch, parts=parts)

    def expression_ids(self, step: int) -> list[int]:
        """Return the expressions of a step of the run, counted from 1, of all processes."""
        epoch, place = divmod(step - 1, self.steps_per_epoch)
        parts = self.plan(epoch)[place]
        return list(chain.from_iterable(self.task.expression_ids(part) for part in parts))

    def load(self, start: Progress, *, num_workers: int) -> Iterator[tuple[Batch, float]]:
        """Load the parts of this process from `start` to the end of the run, in one stream."""
        return self._timed(
            DataLoader(
                self.task.examples(),
                sampler=self._parts(start),
                batch_size=None,
                num_workers=num_workers,
                worker_init_fn=ignore_stop_signals,
                pin_memory=self.accelerator.device.type == "cuda",
                # The loader draws a seed when it starts. Drawn from the global generator, it would
                # change the dropout of the first step of a resumed run.
                generator=torch.Generator(),
            )
        )

    def _timed(self, loader: "DataLoader[tuple[Batch, float]]") -> Iterator[tuple[Batch, float]]:
        asked = perf_counter()
        for batch in loader:
            self.waited += perf_counter() - asked
            yield batch
            asked = perf_counter()

    def _parts(self, start: Progress) -> Iterator[MicroBatch]:
        """Yield the parts of this process, and plan each epoch when it starts."""
        for epoch in range(start.epoch, self.schedule.epochs):
            batches = self.plan(epoch)[start.step if epoch == start.epoch else 0 :]
            yield from in_turn(
                batches, self.accelerator.process_index, self.accelerator.num_processes
            )
