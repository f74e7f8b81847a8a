"""Training loop for any task, with validation, checkpoints and resuming."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Generic

from accelerate import Accelerator
from torch import Tensor

from vg_mc.system.atomic import restore, whole_folder
from vg_mc.system.processes import Agreement
from vg_mc.system.progress import ProgressBar, progress_bar
from vg_mc.system.signals import StoppedError, StopSignals
from vg_mc.training.checkpoints import (
    Progress,
    find_checkpoints,
    load_checkpoint,
    save_checkpoint,
    set_damaged_aside,
)
from vg_mc.training.journal import Entry, History, Journal
from vg_mc.training.optimization import OptimizationOptions
from vg_mc.training.options import ScheduleOptions
from vg_mc.training.parameters import ParameterOptions
from vg_mc.training.stepper import Stepper
from vg_mc.training.stream import BatchStream
from vg_mc.training.tasks.protocol import VALIDATION_SPLIT, Batch, Task, Validation


class Trainer(Generic[Batch]):
    """Trains a task, validates it after each epoch and keeps the best model."""

    def __init__(
        self,
        accelerator: Accelerator,
        task: Task[Batch],
        schedule: ScheduleOptions,
        optimization: OptimizationOptions,
        parameters: ParameterOptions,
        run: Path,
        *,
        num_workers: int,
    ) -> None:
        """Create the optimizer and the batch stream; `run` is not read before `fit` or `resume`.

        Raises:
            BadInputError: If a batch has too few examples for all parts and processes.
        """
        self.accelerator = accelerator
        self.task = task
        self.schedule = schedule
        self.run = run
        self.num_workers = num_workers
        self.stream = BatchStream(accelerator, task, schedule)
        self.progress = Progress()
        total_steps = self.stream.steps_per_epoch * schedule.epochs
        self.stepper = Stepper(
            accelerator, task, schedule, optimization, parameters, total_steps=total_steps
        )

    def resume(self) -> None:
        """Load the newest undamaged checkpoint of this run, if there is one.

        Raises:
            BadInputError: If there are checkpoints, and all of them are damaged.
        """
        folder = self.run / "checkpoints"
        if self.accelerator.is_main_process:
            set_damaged_aside(folder)
            restore(self.run / "best")
        self.accelerator.wait_for_everyone()
        checkpoints = find_checkpoints(folder)
        if checkpoints:
            self.progress = load_checkpoint(checkpoints[-1], self.task.model, self.stepper.states)

    def fit(self, after_epoch: Callable[[History], None] | None = None) -> History:
        """Train for all epochs, validate after each, and keep the best model in ``best/``.

        Args:
            after_epoch: Called by every process after each validation.

        Raises:
            StoppedError: If any process received a stop signal; a checkpoint is saved first.
            BadInputError: If memory runs out, or several steps in a row have no finite loss.
        """
        journal = Journal(
            self.accelerator,
            self.stepper,
            self.stream,
            self.run,
            steps_taken=self.progress.steps_taken,
        )
        batches = self.stream.load(self.progress, num_workers=self.num_workers)
        agreement = Agreement(self.accelerator)
        with StopSignals() as signals:
            for epoch in range(self.progress.epoch, self.schedule.epochs):
                self._train_epoch(
                    batches, epoch, journal, lambda: agreement.largest(signals.received)
                )
                self._validate(epoch, journal)
                if after_epoch is not None:
                    after_epoch(journal.history)
                self._stop_if(agreement.largest(signals.received))
        return journal.history

    def _train_epoch(
        self,
        batches: Iterator[tuple[Batch, float]],
        epoch: int,
        journal: Journal,
        stop_signal: Callable[[], int],
    ) -> None:
        self.stepper.model.train()
        journal.start_clock()
        steps = self.stream.steps_per_epoch
        with self._progress_bar(epoch) as progress_bar:
            for step in range(self.progress.step + 1, steps + 1):
                journal.add(self._step(batches))
                progress_bar.update()
                signal_number = stop_signal()
                checkpoint_due = step % self.schedule.checkpoint_steps == 0 and step < steps
                if journal.is_due or checkpoint_due or signal_number or step == steps:
                    progress_bar.set_postfix(journal.write(self.progress.steps_taken))
                if checkpoint_due or signal_number:
                    self._save_checkpoint()
                    journal.start_clock()
                self._stop_if(signal_number)

    def _progress_bar(self, epoch: int) -> ProgressBar:
        return progress_bar(
            total=self.stream.steps_per_epoch,
            initial=self.progress.step,
            description=f"epoch {epoch + 1}/{self.schedule.epochs}",
            unit="step",
            disable=not self.accelerator.is_main_process,
        )

    def _step(self, batches: Iterator[tuple[Batch, float]]) -> Tensor:
        """Take one optimizer step and return the result of `Stepper.step`."""
        outcome = self.stepper.step(batches, self.progress.steps_taken)
        self.progress = replace(
            self.progress,
            step=self.progress.step + 1,
            steps_taken=self.progress.steps_taken + 1,
        )
        return outcome

    def _stop_if(self, signal_number: int) -> None:
        if signal_number:
            problem = f"stopped and saved after step {self.progress.steps_taken}; "
            raise StoppedError(signal_number, problem + "repeat the command to resume")

    def _validate(self, epoch: int, journal: Journal) -> None:
        """Score the validation split; keep the model if it is the best so far."""
        with self.stepper.finished():
            validation = self.task.validate(num_workers=self.num_workers)
            if validation.score > self.progress.best_score and self.accelerator.is_main_process:
                self._save_best(epoch, validation)
        self.progress = replace(
            self.progress,
            epoch=epoch + 1,
            step=0,
            best_score=max(validation.score, self.progress.best_score),
        )
        entry: Entry = {
            "step": self.progress.steps_taken,
            "epoch": epoch,
            "split": VALIDATION_SPLIT,
            **validation.entry,
        }
        journal.log(entry, VALIDATION_SPLIT)
        self._save_checkpoint()

    def _save_best(self, epoch: int, validation: Validation) -> None:
        arithmetic = {
            "mixed_precision": self.accelerator.mixed_precision,
            "processes": self.accelerator.num_processes,
        }
        with whole_folder(self.run / "best") as partial:
            self.task.save(partial, epoch=epoch + 1, validation=validation, arithmetic=arithmetic)

    def _save_checkpoint(self) -> None:
        if self.accelerator.is_main_process:
            save_checkpoint(
                self.run / "checkpoints",
                self.task.model,
                self.stepper.states,
                self.progress,
                keep=self.schedule.keep,
            )
        self.accelerator.wait_for_everyone()
