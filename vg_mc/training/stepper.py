"""Optimizer step with gradient accumulation, which skips updates with non-finite gradients.

A non-finite loss or gradient must not change the weights. The update is masked on the device, as in
mixed precision training with a gradient scaler, so that the host does not synchronize in each step.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Generic

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, send_to_device
from torch import Tensor

from vg_mc.models.trainable.adapters import merged
from vg_mc.models.trainable.freezing import statistics_of
from vg_mc.training.checkpoints import Stateful
from vg_mc.training.forecast import explain_shortage
from vg_mc.training.optimization import (
    OptimizationOptions,
    WeightAverage,
    build_optimizer,
    learning_rate_at,
    set_learning_rate,
)
from vg_mc.training.options import ScheduleOptions
from vg_mc.training.parameters import ParameterOptions, share_buffers
from vg_mc.training.tasks.protocol import Batch, Task


class Stepper(Generic[Batch]):
    """The model of a task and its optimizer.

    Attributes:
        model: The model of the task, wrapped if there are several processes.
        optimizer: Updates the weights of `model`.
        average: Moving average of the weights, or None.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        task: Task[Batch],
        schedule: ScheduleOptions,
        optimization: OptimizationOptions,
        parameters: ParameterOptions,
        *,
        total_steps: int,
    ) -> None:
        """Create the optimizer of the model of `task` for a run of `total_steps`."""
        self.accelerator = accelerator
        self.task = task
        self.schedule = schedule
        self.optimization = optimization
        self._has_adapters = parameters.lora_rank > 0
        self.total_steps = total_steps
        self._tried = ""  # size of the current part
        optimizer = build_optimizer(task.model, optimization, task.lr_scales())
        statistics = statistics_of(task.model)
        self._learns_statistics = bool(statistics)
        # Buffers are broadcast before each forward pass only if they are learned. Gradients are
        # views of the communication buckets, which saves a copy.
        accelerator.ddp_handler = DistributedDataParallelKwargs(
            broadcast_buffers=bool(statistics), gradient_as_bucket_view=True
        )
        self.model, self.optimizer = accelerator.prepare(task.model, optimizer)
        decay = optimization.ema
        self.average = WeightAverage(task.model, statistics, decay) if decay else None

    @property
    def states(self) -> dict[str, Stateful]:
        """Objects that a step changes besides the weights, by name, for checkpoints."""
        states: dict[str, Stateful | None] = {
            "optimizer": self.optimizer,
            "scaler": self.accelerator.scaler,  # of gradients in half precision
            "average": self.average,
        }
        return {name: state for name, state in states.items() if state is not None}

    @contextmanager
    def finished(self) -> Iterator[None]:
        """Set the weights that are validated and saved, averaged and merged, within the block."""
        with ExitStack() as stack:
            if self.average is not None:
                # Before the averages: buffers shared within the block are restored after it.
                share_buffers(self.task.model)
                stack.enter_context(self.average.in_place())
            if self._has_adapters:
                stack.enter_context(merged(self.task.model))
            yield

    def step(self, batches: Iterator[tuple[Batch, float]], steps_taken: int) -> Tensor:
        """Take the next optimizer step.

        Returns:
            The contributions of this process to the loss and the accuracy of the batch, its number
            of images, and the gradient norm of the batch (4,), on the device. Weights and optimizer
            are unchanged if the loss or the norm is not finite.

        Raises:
            BadInputError: If memory runs out; the message names the flags that reduce it.
        """
        try:
            return self._take_step(batches, steps_taken)
        except (RuntimeError, MemoryError) as error:
            explain_shortage(error, self._tried, self.schedule, self.task.cheaper())
            raise

    def _take_step(self, batches: Iterator[tuple[Batch, float]], steps_taken: int) -> Tensor:
        self._seed_step(steps_taken)
        set_learning_rate(self.optimizer, self.learning_rate(steps_taken))
        statistics = [(buffer, buffer.clone()) for buffer in self._learned_buffers()]
        sums = torch.zeros(3, device=self.accelerator.device)
        for part in range(self.schedule.gradient_accumulation):
            batch, share = next(batches)
            last = part == self.schedule.gradient_accumulation - 1
            with self._gradients_shared(last):
                sums += self._forward_backward(batch, share)
        norm = self.accelerator.clip_grad_norm_(
            self.model.parameters(), self.optimization.max_gradient_norm
        )
        is_finite = torch.isfinite(norm)
        self._update(is_finite, statistics)
        if self.average is not None:
            self.average.add(steps_taken, is_finite)
        return torch.cat([sums, norm[None]])

    def _update(self, is_finite: Tensor, statistics: list[tuple[Tensor, Tensor]]) -> None:
        """Update weights, moments and batch norm statistics if `is_finite`."""
        if self.accelerator.scaler is None:  # the scaler masks the update itself
            self.optimizer.optimizer.found_inf = (~is_finite).float()
        self.optimizer.step()
        self.optimizer.zero_grad()
        for buffer, before in statistics:
            buffer.copy_(torch.where(is_finite, buffer, before))

    def _learned_buffers(self) -> list[Tensor]:
        return list(self.model.buffers()) if self._learns_statistics else []

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of `step`, counted from 0."""
        return learning_rate_at(step, self.total_steps, self.optimization)

    def _seed_step(self, steps_taken: int) -> None:
        """Seed dropout with the step, so that a resumed run repeats it."""
        key = [self.schedule.seed, steps_taken, self.accelerator.process_index]
        torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))

    def _forward_backward(self, batch: Batch, share: float) -> Tensor:
        """Add the gradients of one part; return its contributions to loss and accuracy."""
        self._tried = self.task.size_of(batch)
        batch = send_to_device(batch, self.accelerator.device, non_blocking=True)
        outcome = self.task.step(self.model, batch)  # Accelerate wrapped the model in autocast
        loss = outcome.loss * share
        # An infinite loss may have finite gradients, and only in one process. Multiplied by NaN,
        # the gradients are non-finite in all processes.
        marked = loss * torch.where(torch.isfinite(loss), 1.0, torch.nan)
        # Gradients are averaged over processes, but the loss of a batch is the sum of its parts.
        self.accelerator.backward(marked * self.accelerator.num_processes)
        correct = outcome.accuracy * share
        images = torch.full_like(correct, outcome.images)
        return torch.stack([loss.detach(), correct, images])

    def _gradients_shared(self, last_part: bool) -> AbstractContextManager[None]:
        """Synchronize gradients between processes only in the last part of a step."""
        return nullcontext() if last_part else self.accelerator.no_sync(self.model)
