"""The training loop: sampled questions in, the best model on the validation split out."""

import math
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader
from tqdm import tqdm

from vg_mc.batching import (
    Batch,
    MicroBatch,
    QuestionMaker,
    in_turn,
    plan_epoch,
    trainable,
    units_of,
)
from vg_mc.encoders.batch_norm import freeze_batch_norm
from vg_mc.evaluation import predict
from vg_mc.faults import BadInputError
from vg_mc.grounders.multiple_choice import MultipleChoice
from vg_mc.metrics import summarize
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.records import TRAIN_SPLIT
from vg_mc.training.checkpoints import (
    Progress,
    find_checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from vg_mc.training.history import History
from vg_mc.training.optimization import build_optimizer, learning_rate_factor, set_learning_rate
from vg_mc.training.settings import TrainingSettings

if TYPE_CHECKING:
    from vg_mc.encoders.loading import Encoder

VALIDATION_SPLIT = "val"


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
        """Build the run; nothing is read from `run` before `fit` or `resume`."""
        self.accelerator = accelerator
        self.encoder = encoder
        self.dataset = dataset
        self.settings = settings
        self.run = run
        self.num_workers = num_workers
        if settings.freeze_batch_norm:
            freeze_batch_norm(encoder)
        optimizer = build_optimizer(
            encoder, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.model, self.optimizer = accelerator.prepare(MultipleChoice(encoder), optimizer)
        self.expressions = dataset.expressions(TRAIN_SPLIT)
        self.rows = trainable(self.expressions)
        self.progress = Progress()
        self.plan(0)  # finds out at once whether batches can be shared among the processes

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps in an epoch; the same in each."""
        units = units_of(self.expressions, self.rows, self.settings.batching)
        return math.ceil(len(units) / self.settings.batch_size)

    def plan(self, epoch: int) -> list[list[MicroBatch]]:
        """Return the batches of `epoch`, each in parts for all processes."""
        if not len(self.rows):
            problem = "no training expression has both a right candidate and a wrong one"
            raise BadInputError(problem, file=self.dataset.folder)
        try:
            return plan_epoch(
                units_of(self.expressions, self.rows, self.settings.batching),
                batch_size=self.settings.batch_size,
                parts=self.settings.accumulation * self.accelerator.num_processes,
                seed=self.settings.seed,
                epoch=epoch,
            )
        except ValueError as error:
            raise BadInputError(str(error), record="--batch-size") from error

    def resume(self) -> None:
        """Go on from the newest checkpoint of this run, if there is one."""
        checkpoints = find_checkpoints(self.run / "checkpoints")
        if checkpoints:
            self.progress = load_checkpoint(checkpoints[-1], self.encoder, self.optimizer)

    def fit(self) -> History:
        """Train for all epochs, validate after each, and keep the best model in ``best/``."""
        history = History(self.run / "metrics.jsonl", steps_taken=self.progress.steps_taken)
        batches = self._batches()
        for epoch in range(self.progress.epoch, self.settings.epochs):
            self._train_epoch(batches, epoch, history)
            self._validate(epoch, history)
        return history

    def _batches(self) -> Iterator[tuple[Batch, float]]:
        """Load the parts of this process for all epochs that are left, in one stream."""
        makes_questions = QuestionMaker(
            self.dataset,
            self.expressions,
            self.encoder.tokenize,
            candidates=self.settings.question_size,
            seed=self.settings.seed,
        )
        parts = [
            part
            for epoch in range(self.progress.epoch, self.settings.epochs)
            for part in in_turn(
                self.plan(epoch)[self.progress.step if epoch == self.progress.epoch else 0 :],
                self.accelerator.process_index,
                self.accelerator.num_processes,
            )
        ]
        return iter(
            DataLoader(
                makes_questions,
                sampler=parts,
                batch_size=None,
                num_workers=self.num_workers,
                pin_memory=self.accelerator.device.type == "cuda",
            )
        )

    def _train_epoch(
        self, batches: Iterator[tuple[Batch, float]], epoch: int, history: History
    ) -> None:
        self.model.train()
        steps = self.steps_per_epoch
        progress_bar = tqdm(
            total=steps,
            initial=self.progress.step,
            desc=f"epoch {epoch + 1}/{self.settings.epochs}",
            disable=not self.accelerator.is_main_process,
        )
        with progress_bar:
            for step in range(self.progress.step, steps):
                entry = self._step(batches)
                progress_bar.update()
                progress_bar.set_postfix(loss=f"{entry['loss']:.3f}")
                if self.accelerator.is_main_process:
                    history.add({"step": self.progress.steps_taken, "epoch": epoch, **entry})
                if (step + 1) % self.settings.checkpoint_steps == 0 and step + 1 < steps:
                    self._save_checkpoint()

    def _step(self, batches: Iterator[tuple[Batch, float]]) -> dict[str, float]:
        """Take one optimizer step; return its mean loss over all processes and its accuracy."""
        total_steps = self.steps_per_epoch * self.settings.epochs
        factor = learning_rate_factor(
            self.progress.steps_taken, total_steps, self.settings.warmup_ratio
        )
        set_learning_rate(self.optimizer, self.settings.learning_rate * factor)
        sums = torch.zeros(2, device=self.accelerator.device)
        for part in range(self.settings.accumulation):
            batch, share = next(batches)
            last = part == self.settings.accumulation - 1
            with self._gradients_shared(last):
                sums += self._forward_backward(batch, share)
        self.accelerator.clip_grad_norm_(self.model.parameters(), self.settings.max_gradient_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self._count_step()
        loss, accuracy = self.accelerator.reduce(sums, reduction="sum").tolist()
        rate = self.settings.learning_rate * factor
        return {"loss": loss, "accuracy": accuracy, "learning_rate": rate}

    def _forward_backward(self, batch: Batch, share: float) -> Tensor:
        """Add the gradients of one part; return its loss and accuracy as shares of the batch's."""
        batch = send_to_device(batch, self.accelerator.device, non_blocking=True)
        with self.accelerator.autocast():
            logits = self.model(batch)
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
        self.model.eval()
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
        if self.accelerator.is_main_process:
            history.add(
                {
                    "step": self.progress.steps_taken,
                    "epoch": epoch,
                    "split": VALIDATION_SPLIT,
                    **asdict(scores),
                }
            )
        self._save_checkpoint()

    def _count_step(self) -> None:
        self.progress = replace(
            self.progress,
            step=self.progress.step + 1,
            steps_taken=self.progress.steps_taken + 1,
        )

    def _save_checkpoint(self) -> None:
        if self.accelerator.is_main_process:
            save_checkpoint(self.run / "checkpoints", self.encoder, self.optimizer, self.progress)
        self.accelerator.wait_for_everyone()


def save_model_folder(encoder: "Encoder", folder: Path) -> None:
    """Write the model where it loads from, replacing an older one only once it is complete."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    encoder.save(partial)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
