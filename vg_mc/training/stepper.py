"""One optimizer step: the parts of a batch forward and backward, then one update or none.

A loss or a gradient that is no finite number must change nothing. Whether it is one is known to
the device alone, and to ask would make the host wait in every step. So the device decides: the
update is masked there, as half precision masks it, and the host reads about it with the losses.
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
    WeightAverage,
    build_optimizer,
    learning_rate_at,
    set_learning_rate,
)
from vg_mc.training.options import TrainingOptions
from vg_mc.training.parameters import share_buffers
from vg_mc.training.tasks.protocol import Batch, Task


class Stepper(Generic[Batch]):
    """The model of a task and its optimizer.

    Attributes:
        model: The model of the task; wrapped, where there are several processes.
        optimizer: Updates the weights of `model`.
        average: Of the weights of all steps, None without a moving average.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        task: Task[Batch],
        options: TrainingOptions,
        *,
        total_steps: int,
    ) -> None:
        """Build the optimizer of the model of `task`, for a run of `total_steps`."""
        self.accelerator = accelerator
        self.task = task
        self.options = options
        self.total_steps = total_steps
        self._tried = ""  # size of the part at work
        optimizer = build_optimizer(task.model, options.optimization, task.lr_scales())
        self._learns_statistics = not options.parameters.freezes_batch_norm
        statistics = statistics_of(task.model) if self._learns_statistics else []
        # With several processes, the first sends the others its buffers before each forward pass,
        # which is not needed where none is learned; and no gradient is stored twice.
        accelerator.ddp_handler = DistributedDataParallelKwargs(
            broadcast_buffers=bool(statistics), gradient_as_bucket_view=True
        )
        self.model, self.optimizer = accelerator.prepare(task.model, optimizer)
        decay = options.optimization.ema
        self.average = WeightAverage(task.model, statistics, decay) if decay else None

    @property
    def states(self) -> dict[str, Stateful]:
        """What a step changes besides the weights, by name, for a checkpoint."""
        states: dict[str, Stateful | None] = {
            "optimizer": self.optimizer,
            "scaler": self.accelerator.scaler,  # of gradients in half precision
            "average": self.average,
        }
        return {name: state for name, state in states.items() if state is not None}

    @contextmanager
    def finished(self) -> Iterator[None]:
        """Give the model the weights that are validated and kept, until the block ends."""
        with ExitStack() as stack:
            if self.average is not None:
                # What is shared within the block is forgotten with it.
                share_buffers(self.task.model)
                stack.enter_context(self.average.in_place())
            if self.options.parameters.lora_rank:
                stack.enter_context(merged(self.task.model))
            yield

    def step(self, batches: Iterator[tuple[Batch, float]], steps_taken: int) -> Tensor:
        """Take the step that follows `steps_taken` others.

        Returns:
            This process' shares of the loss and of the accuracy of the batch, its number of
            pictures, and the length of the gradient of all (4,), on the device. The weights and the
            optimizer are as before where the first or the last is no finite number.

        Raises:
            BadInputError: If memory does not suffice; it says what to lower.
        """
        try:
            return self._take_step(batches, steps_taken)
        except (RuntimeError, MemoryError) as error:
            explain_shortage(error, self._tried, self.options, self.task.cheaper())
            raise

    def _take_step(self, batches: Iterator[tuple[Batch, float]], steps_taken: int) -> Tensor:
        self._seed_step(steps_taken)
        set_learning_rate(self.optimizer, self.learning_rate(steps_taken))
        statistics = [(buffer, buffer.clone()) for buffer in self._learned_buffers()]
        sums = torch.zeros(3, device=self.accelerator.device)
        for part in range(self.options.schedule.gradient_accumulation):
            batch, share = next(batches)
            last = part == self.options.schedule.gradient_accumulation - 1
            with self._gradients_shared(last):
                sums += self._forward_backward(batch, share)
        norm = self.accelerator.clip_grad_norm_(
            self.model.parameters(), self.options.optimization.max_gradient_norm
        )
        is_finite = torch.isfinite(norm)
        self._update(is_finite, statistics)
        if self.average is not None:
            self.average.add(steps_taken, is_finite)
        return torch.cat([sums, norm[None]])

    def _update(self, is_finite: Tensor, statistics: list[tuple[Tensor, Tensor]]) -> None:
        """Change weights, moments and batch norm statistics, or nothing if not `is_finite`."""
        if self.accelerator.scaler is None:  # which would do the same
            self.optimizer.optimizer.found_inf = (~is_finite).float()
        self.optimizer.step()
        self.optimizer.zero_grad()
        for buffer, before in statistics:
            buffer.copy_(torch.where(is_finite, buffer, before))

    def _learned_buffers(self) -> list[Tensor]:
        return list(self.model.buffers()) if self._learns_statistics else []

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of `step`, counted from 0."""
        return learning_rate_at(step, self.total_steps, self.options.optimization)

    def _seed_step(self, steps_taken: int) -> None:
        """Let dropout, where a model has any, depend on the step alone, as all draws do."""
        key = [self.options.schedule.seed, steps_taken, self.accelerator.process_index]
        torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))

    def _forward_backward(self, batch: Batch, share: float) -> Tensor:
        """Add the gradients of one part; return its loss and accuracy as shares of the batch's."""
        self._tried = self.task.size_of(batch)
        batch = send_to_device(batch, self.accelerator.device, non_blocking=True)
        outcome = self.task.step(self.model, batch)  # Accelerate wrapped the model in autocast
        loss = outcome.loss * share
        # An infinite loss may have finite gradients, and be that of one process only: times NaN
        # they tell every process.
        marked = loss * torch.where(torch.isfinite(loss), 1.0, torch.nan)
        # Gradients of the processes are averaged; the loss of a batch is the sum of its parts.
        self.accelerator.backward(marked * self.accelerator.num_processes)
        correct = outcome.accuracy * share
        images = torch.full_like(correct, outcome.images)
        return torch.stack([loss.detach(), correct, images])

    def _gradients_shared(self, last_part: bool) -> AbstractContextManager[None]:
        """Exchange gradients between processes once per step, with its last part."""
        return nullcontext() if last_part else self.accelerator.no_sync(self.model)
