"""One optimizer step: the parts of a batch forward and backward, then one update or none.

A loss or a gradient that is no finite number must change nothing. Whether it is one is known to
the device alone, and to ask would make the host wait in every step. So the device decides: the
update is masked there, as half precision masks it, and the host reads about it with the losses.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, send_to_device
from torch import Tensor, nn

from vg_mc.models.similarity import INITIAL_LOG_SCALE
from vg_mc.models.trainable.adapters import add_adapters, merged, recompute_blocks
from vg_mc.models.trainable.freezing import freeze_batch_norm, statistics_of, train_only
from vg_mc.models.trainable.parts import layer_shares
from vg_mc.training.batching import Batch
from vg_mc.training.checkpoints import Stateful
from vg_mc.training.forecast import explain_shortage
from vg_mc.training.optimization import (
    WeightAverage,
    build_optimizer,
    learning_rate_factor,
    set_learning_rate,
)
from vg_mc.training.settings import TrainingSettings
from vg_mc.training.tasks.multiple_choice import MultipleChoice, mean_loss, share_right
from vg_mc.training.validation import share_buffers

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder


class Stepper:
    """A model and its optimizer, which know how to take a step.

    Attributes:
        model: What answers questions; wrapped, where there are several processes.
        optimizer: Updates the weights of `model`.
        average: Of the weights of all steps, None where it is not wanted.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        encoder: "Encoder",
        settings: TrainingSettings,
        *,
        total_steps: int,
    ) -> None:
        """Build the optimizer of `encoder`, for a run of `total_steps`."""
        self.accelerator = accelerator
        self.settings = settings
        self.total_steps = total_steps
        self._pictures: Sequence[int] = (0, 0, 0, 0)  # shape of those at work
        train_only(encoder, settings.train)
        if settings.freeze_batch_norm:
            freeze_batch_norm(encoder)
        if settings.logit_scale == "reset":
            nn.init.constant_(encoder.model.logit_scale, INITIAL_LOG_SCALE)
        if settings.lora_rank:
            add_adapters(encoder, settings.lora_rank, settings.seed)
        if settings.gradient_checkpointing:
            recompute_blocks(encoder, learns_statistics=not settings.freeze_batch_norm)
        optimizer = build_optimizer(
            encoder,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            beta2=settings.adam_beta2,
            shares=layer_shares(encoder, settings.layer_decay),
        )
        model = MultipleChoice(encoder, picture_chunk=settings.picture_chunk)
        statistics = [] if settings.freeze_batch_norm else statistics_of(encoder)
        # Of several processes, the first tells the others its buffers before each forward pass,
        # which they need not wait for where none is learned; and no gradient is there twice.
        accelerator.ddp_handler = DistributedDataParallelKwargs(
            broadcast_buffers=bool(statistics), gradient_as_bucket_view=True
        )
        self.model, self.optimizer = accelerator.prepare(model, optimizer)
        self.encoder = encoder
        self.average = WeightAverage(encoder, statistics, settings.ema) if settings.ema else None

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
        """Give the encoder the weights that are validated and kept, until the block ends."""
        with ExitStack() as stack:
            if self.average is not None:
                # What is shared within the block is forgotten with it.
                share_buffers(self.encoder)
                stack.enter_context(self.average.in_place())
            if self.settings.lora_rank:
                stack.enter_context(merged(self.encoder))
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
            explain_shortage(error, self._pictures, self.settings)
            raise

    def _take_step(self, batches: Iterator[tuple[Batch, float]], steps_taken: int) -> Tensor:
        self._seed_step(steps_taken)
        set_learning_rate(self.optimizer, self.learning_rate(steps_taken))
        statistics = [(buffer, buffer.clone()) for buffer in self._learned_buffers()]
        sums = torch.zeros(3, device=self.accelerator.device)
        for part in range(self.settings.accumulation):
            batch, share = next(batches)
            last = part == self.settings.accumulation - 1
            with self._gradients_shared(last):
                sums += self._forward_backward(batch, share)
        norm = self.accelerator.clip_grad_norm_(
            self.model.parameters(), self.settings.max_gradient_norm
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
        return [] if self.settings.freeze_batch_norm else list(self.model.buffers())

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of `step`, counted from 0."""
        factor = learning_rate_factor(step, self.total_steps, self.settings.warmup_ratio)
        return self.settings.learning_rate * factor

    def _seed_step(self, steps_taken: int) -> None:
        """Let dropout, where a model has any, depend on the step alone, as all draws do."""
        key = [self.settings.seed, steps_taken, self.accelerator.process_index]
        torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))

    def _forward_backward(self, batch: Batch, share: float) -> Tensor:
        """Add the gradients of one part; return its loss and accuracy as shares of the batch's."""
        self._pictures = batch.pictures.shape
        batch = send_to_device(batch, self.accelerator.device, non_blocking=True)
        logits = self.model(batch)  # Accelerate wrapped it in autocast
        loss = mean_loss(logits, batch, self.settings) * share
        # An infinite loss may have finite gradients, and be that of one process only: times NaN
        # they tell every process.
        marked = loss * torch.where(torch.isfinite(loss), 1.0, torch.nan)
        # Gradients of the processes are averaged; the loss of a batch is the sum of its parts.
        self.accelerator.backward(marked * self.accelerator.num_processes)
        right = share_right(logits, batch) * share
        pictures = torch.full_like(right, len(batch.pictures))
        return torch.stack([loss.detach(), right, pictures])

    def _gradients_shared(self, last_part: bool) -> AbstractContextManager[None]:
        """Exchange gradients between processes once per step, with its last part."""
        return nullcontext() if last_part else self.accelerator.no_sync(self.model)
