"""The training loop: sampled questions in, the best model on the validation split out."""

import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from accelerate import Accelerator
from torch import Tensor
from tqdm import tqdm

from vg_mc.batching import Batch
from vg_mc.faults import BadInputError
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.training.checkpoints import (
    Progress,
    find_checkpoints,
    load_checkpoint,
    save_checkpoint,
    save_model_folder,
)
from vg_mc.training.history import Entry, History
from vg_mc.training.questions import TrainingQuestions
from vg_mc.training.settings import TrainingSettings
from vg_mc.training.stepping import Stepper
from vg_mc.training.validation import VALIDATION_SPLIT, require_validation, validate

if TYPE_CHECKING:
    from vg_mc.encoders.loading import Encoder

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
        require_validation(dataset)
        total_steps = self.questions.steps_per_epoch * settings.epochs
        self.stepper = Stepper(accelerator, encoder, settings, total_steps=total_steps)

    def resume(self) -> None:
        """Go on from the newest checkpoint of this run, if there is one."""
        checkpoints = find_checkpoints(self.run / "checkpoints")
        if checkpoints:
            self.progress = load_checkpoint(
                checkpoints[-1], self.encoder, self.stepper.optimizer, self.accelerator.scaler
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
        self.stepper.model.train()
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
        shares = self.stepper.step(batches, self.progress.steps_taken)
        self.progress = replace(
            self.progress,
            step=self.progress.step + 1,
            steps_taken=self.progress.steps_taken + 1,
        )
        return shares

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
                "learning_rate": self.stepper.learning_rate(step),
            }
            for step, (loss, accuracy) in enumerate(rows, start=before)
        ]
        history.add(*entries)
        for step, (loss, _) in enumerate(rows, start=before + 1):
            if not math.isfinite(loss):
                problem = f"the loss is {loss}; a lower --learning-rate may help"
                raise BadInputError(problem, file=self.run, record=f"step {step}")
        return float(rows[-1][0])

    def _validate(self, epoch: int, history: History) -> None:
        """Score the validation split; keep the model if it is the best so far."""
        scores = validate(
            self.accelerator,
            self.encoder,
            self.dataset,
            self.settings,
            num_workers=self.num_workers,
        )
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

    def _save_checkpoint(self) -> None:
        if self.accelerator.is_main_process:
            save_checkpoint(
                self.run / "checkpoints",
                self.encoder,
                self.stepper.optimizer,
                self.accelerator.scaler,
                self.progress,
            )
        self.accelerator.wait_for_everyone()
