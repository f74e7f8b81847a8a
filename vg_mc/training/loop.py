"""The training loop: sampled questions in, the best model on the validation split out."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast, send_to_device
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from vg_mc.batching import Batch
from vg_mc.encoders.batch_norm import freeze_batch_norm
from vg_mc.evaluation import predict
from vg_mc.faults import BadInputError
from vg_mc.grounders.multiple_choice import MultipleChoice
from vg_mc.metrics import summarize
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.training.checkpoints import (
    Progress,
    find_checkpoints,
    load_checkpoint,
    save_checkpoint,
    save_model_folder,
)
from vg_mc.training.history import Entry, History
from vg_mc.training.optimization import build_optimizer, learning_rate_factor, set_learning_rate
from vg_mc.training.questions import TrainingQuestions
from vg_mc.training.settings import TrainingSettings

if TYPE_CHECKING:
    from vg_mc.encoders.loading import Encoder

VALIDATION_SPLIT = "val"
STEPS_PER_LOG = 10


class Trainer:
    """One run: a model, its optimizer, the plan of its batches, and where it writes."""

    def __init__(
        self,
        accelerator: Accelerator,
        encoder: "Encoder",
        dataset: PreparedDataset,
        settings: TrainingSettings,
        run: Path,
        *,
        num_workers: int,
    ) -> None:
        """Build the run; nothing is read from `run` before `fit` or `resume`.

        Raises:
            BadInputError: If `dataset` cannot be trained or validated on with these settings.
        """
        self.accelerator = accelerator
        self.encoder = encoder
        self.dataset = dataset
        self.settings = settings
        self.run = run
        self.num_workers = num_workers
        self.questions = TrainingQuestions(accelerator, dataset, settings)
        self.progress = Progress()
        # Better now than after an epoch.
        if not len(dataset.expressions(VALIDATION_SPLIT)):
            problem = f"the split {VALIDATION_SPLIT}, by which the best model is chosen, is empty"
            raise BadInputError(problem, file=dataset.folder)
        if settings.freeze_batch_norm:
            freeze_batch_norm(encoder)
        optimizer = build_optimizer(
            encoder, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.model, self.optimizer = accelerator.prepare(MultipleChoice(encoder), optimizer)

    def resume(self) -> None:
        """Go on from the newest checkpoint of this run, if there is one."""
        checkpoints = find_checkpoints(self.run / "checkpoints")
        if checkpoints:
            self.progress = load_checkpoint(
                checkpoints[-1], self.encoder, self.optimizer, self.accelerator.scaler
            )

    def fit(self) -> History:
        """Train for all epochs, validate after each, and keep the best model in ``best/``."""
        history = History(
            self.run / "metrics.jsonl",
            steps_taken=self.progress.steps_taken,
            writes=self.accelerator.is_main_process,
        )
        batches = self.questions.load(self.encoder, self.progress, num_workers=self.num_workers)
        for epoch in range(self.progress.epoch, self.settings.epochs):
            self._train_epoch(batches, epoch, history)
            self._validate(epoch, history)
        return history

    def _train_epoch(
        self, batches: Iterator[tuple[Batch, float]], epoch: int, history: History
    ) -> None:
        self.model.train()
        steps = self.questions.steps_per_epoch
        progress_bar = tqdm(
            total=steps,
            initial=self.progress.step,
            desc=f"epoch {epoch + 1}/{self.settings.epochs}",
            disable=not self.accelerator.is_main_process,
        )
        unlogged: list[Tensor] = []
        with progress_bar:
            for step in range(self.progress.step + 1, steps + 1):
                unlogged.append(self._step(batches))
                progress_bar.update()
                checkpoint_due = step % self.settings.checkpoint_steps == 0 and step < steps
                if len(unlogged) == STEPS_PER_LOG or checkpoint_due or step == steps:
                    loss = self._log(unlogged, epoch, history)
                    progress_bar.set_postfix(loss=f"{loss:.3f}")
                    unlogged = []
                if checkpoint_due:
                    self._save_checkpoint()

    def _step(self, batches: Iterator[tuple[Batch, float]]) -> Tensor:
        """Take one optimizer step; return this process' share of its loss and of its accuracy."""
        self._seed_step()
        set_learning_rate(self.optimizer, self._learning_rate(self.progress.steps_taken))
        sums = torch.zeros(2, device=self.accelerator.device)
        for part in range(self.settings.accumulation):
            batch, share = next(batches)
            last = part == self.settings.accumulation - 1
            with self._gradients_shared(last):
                sums += self._forward_backward(batch, share)
        self.accelerator.clip_grad_norm_(self.model.parameters(), self.settings.max_gradient_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.progress = replace(
            self.progress,
            step=self.progress.step + 1,
            steps_taken=self.progress.steps_taken + 1,
        )
        return sums

    def _seed_step(self) -> None:
        """Let dropout, where a model has any, depend on the step alone, as all draws do."""
        key = [self.settings.seed, self.progress.steps_taken, self.accelerator.process_index]
        torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))

    def _learning_rate(self, step: int) -> float:
        total_steps = self.questions.steps_per_epoch * self.settings.epochs
        factor = learning_rate_factor(step, total_steps, self.settings.warmup_ratio)
        return self.settings.learning_rate * factor

    def _log(self, steps: list[Tensor], epoch: int, history: History) -> float:
        """Log the last steps, and return the loss of the very last.

        Their numbers are fetched together: to wait for them after each step would keep the device
        from working ahead.
        """
        rows = self.accelerator.reduce(torch.stack(steps), reduction="sum").tolist()
        before = self.progress.steps_taken - len(rows)
        entries: list[Entry] = [
            {
                "step": step + 1,
                "epoch": epoch,
                "loss": loss,
                "accuracy": accuracy,
                "learning_rate": self._learning_rate(step),
            }
            for step, (loss, accuracy) in enumerate(rows, start=before)
        ]
        history.add(*entries)
        for step, (loss, _) in enumerate(rows, start=before + 1):
            if not math.isfinite(loss):
                problem = f"the loss is {loss}; a lower --learning-rate may help"
                raise BadInputError(problem, file=self.run, record=f"step {step}")
        return float(rows[-1][0])

    def _forward_backward(self, batch: Batch, share: float) -> Tensor:
        """Add the gradients of one part; return its loss and accuracy as shares of the batch's."""
        batch = send_to_device(batch, self.accelerator.device, non_blocking=True)
        logits = self.model(batch)  # Accelerate wrapped it in autocast
        loss = F.cross_entropy(logits, batch.labels) * share
        # Gradients of the processes are averaged; the loss of a batch is the sum of its parts.
        self.accelerator.backward(loss * self.accelerator.num_processes)
        right = (logits.argmax(dim=1) == batch.labels).float().mean() * share
        return torch.stack([loss.detach(), right])

    def _gradients_shared(self, last_part: bool) -> AbstractContextManager[None]:
        """Exchange gradients between processes once per step, with its last part."""
        return nullcontext() if last_part else self.accelerator.no_sync(self.model)

    def _validate(self, epoch: int, history: History) -> None:
        """Score all candidates of the validation split; keep the model if it is the best so far."""
        self._share_buffers()
        predictions = predict(
            self.accelerator,
            self.encoder,
            self.dataset,
            VALIDATION_SPLIT,
            batch_size=self.settings.evaluation_batch_size,
            num_workers=self.num_workers,
        )
        scores = summarize(predictions.ious, predictions.logits)
        is_best = scores.accuracy > self.progress.best_accuracy
        if is_best and self.accelerator.is_main_process:
            save_model_folder(self.encoder, self.run / "best")
        self.progress = replace(
            self.progress,
            epoch=epoch + 1,
            step=0,
            best_accuracy=max(scores.accuracy, self.progress.best_accuracy),
        )
        history.add(
            {
                "step": self.progress.steps_taken,
                "epoch": epoch,
                "split": VALIDATION_SPLIT,
                **asdict(scores),
            }
        )
        self._save_checkpoint()

    def _share_buffers(self) -> None:
        """Give all processes the batch norm statistics of the first, whose model is kept."""
        for buffer in self.encoder.buffers():
            broadcast(buffer)

    def _save_checkpoint(self) -> None:
        if self.accelerator.is_main_process:
            save_checkpoint(
                self.run / "checkpoints",
                self.encoder,
                self.optimizer,
                self.accelerator.scaler,
                self.progress,
            )
        self.accelerator.wait_for_everyone()
