"""The training loop: sampled questions in, the best model on the validation split out."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from accelerate import Accelerator
from torch import Tensor

from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.system.atomic import restore
from vg_mc.system.processes import Agreement
from vg_mc.system.progress import ProgressBar, progress_bar
from vg_mc.system.signals import StoppedError, StopSignals
from vg_mc.training.batching import Batch
from vg_mc.training.checkpoints import (
    Progress,
    find_checkpoints,
    load_checkpoint,
    save_checkpoint,
    save_model_folder,
    set_damaged_aside,
)
from vg_mc.training.examples import TrainingQuestions
from vg_mc.training.journal import Entry, History, Journal
from vg_mc.training.model_card import BestEpoch, write_model_card
from vg_mc.training.settings import TrainingSettings
from vg_mc.training.stepper import Stepper
from vg_mc.training.validation import VALIDATION_SPLIT, require_validation, validate

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder


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
        """Go on from the newest undamaged checkpoint of this run, if there is one.

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
            self.progress = load_checkpoint(checkpoints[-1], self.encoder, self.stepper.states)

    def fit(self, after_epoch: Callable[[History], None] | None = None) -> History:
        """Train for all epochs, validate after each, and keep the best model in ``best/``.

        Args:
            after_epoch: Called by every process after each validation.

        Raises:
            StoppedError: If a signal asked any process to stop, after a checkpoint.
            BadInputError: If memory runs out, or several steps in a row have no finite loss.
        """
        journal = Journal(
            self.accelerator,
            self.stepper,
            self.questions,
            self.run,
            steps_taken=self.progress.steps_taken,
        )
        batches = self.questions.load(self.encoder, self.progress, num_workers=self.num_workers)
        agreement = Agreement(self.accelerator)
        with StopSignals() as signals:
            for epoch in range(self.progress.epoch, self.settings.epochs):
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
        steps = self.questions.steps_per_epoch
        with self._progress_bar(epoch) as progress_bar:
            for step in range(self.progress.step + 1, steps + 1):
                journal.add(self._step(batches))
                progress_bar.update()
                signal_number = stop_signal()
                checkpoint_due = step % self.settings.checkpoint_steps == 0 and step < steps
                if journal.is_due or checkpoint_due or signal_number or step == steps:
                    progress_bar.set_postfix(journal.write(self.progress.steps_taken))
                if checkpoint_due or signal_number:
                    self._save_checkpoint()
                    journal.start_clock()
                self._stop_if(signal_number)

    def _progress_bar(self, epoch: int) -> ProgressBar:
        return progress_bar(
            total=self.questions.steps_per_epoch,
            initial=self.progress.step,
            description=f"epoch {epoch + 1}/{self.settings.epochs}",
            unit="step",
            disable=not self.accelerator.is_main_process,
        )

    def _step(self, batches: Iterator[tuple[Batch, float]]) -> Tensor:
        """Take one optimizer step; return what it came to, as `Stepper.step` does."""
        outcome = self.stepper.step(batches, self.progress.steps_taken)
        self.progress = replace(
            self.progress,
            step=self.progress.step + 1,
            steps_taken=self.progress.steps_taken + 1,
        )
        return outcome

    def _stop_if(self, signal_number: int) -> None:
        if signal_number:
            problem = f"stopped and saved after step {self.progress.steps_taken}; started again as "
            raise StoppedError(signal_number, problem + "it was, the run goes on from there")

    def _validate(self, epoch: int, journal: Journal) -> None:
        """Score the validation split; keep the model if it is the best so far."""
        with self.stepper.finished():
            scores = validate(
                self.accelerator,
                self.encoder,
                self.dataset,
                self.settings,
                num_workers=self.num_workers,
            )
            is_best = scores.accuracy > self.progress.best_accuracy
            if is_best and self.accelerator.is_main_process:
                best = BestEpoch(epoch + 1, scores)
                save_model_folder(self.encoder, self.run / "best", partial(self._describe, best))
        self.progress = replace(
            self.progress,
            epoch=epoch + 1,
            step=0,
            best_accuracy=max(scores.accuracy, self.progress.best_accuracy),
        )
        entry: Entry = {
            "step": self.progress.steps_taken,
            "epoch": epoch,
            "split": VALIDATION_SPLIT,
            **asdict(scores),
        }
        journal.log(entry, VALIDATION_SPLIT)
        self._save_checkpoint()

    def _describe(self, best: BestEpoch, folder: Path) -> None:
        write_model_card(
            folder,
            self.encoder,
            self.dataset.manifest,
            self.settings,
            best,
            {
                "mixed_precision": self.accelerator.mixed_precision,
                "processes": self.accelerator.num_processes,
            },
        )

    def _save_checkpoint(self) -> None:
        if self.accelerator.is_main_process:
            save_checkpoint(
                self.run / "checkpoints",
                self.encoder,
                self.stepper.states,
                self.progress,
                keep=self.settings.keep,
            )
        self.accelerator.wait_for_everyone()
