"""Which questions a run asks, in which order, and the loader that brings them."""

import math
from collections.abc import Iterator
from time import perf_counter

import numpy as np
import torch
from accelerate import Accelerator
from torch.utils.data import DataLoader

from vg_mc.errors import BadInputError
from vg_mc.models.dual_encoder import DualEncoder
from vg_mc.prepared.dataset import Expressions, PreparedDataset
from vg_mc.records import TRAIN_SPLIT
from vg_mc.system.signals import outlast_signals
from vg_mc.training.batching import (
    Batch,
    MicroBatch,
    QuestionMaker,
    drawn_from,
    in_turn,
    left_out,
    plan_epoch,
    trainable,
    units_of,
)
from vg_mc.training.checkpoints import Progress
from vg_mc.training.settings import TrainingSettings


class TrainingQuestions:
    """The training split as one stream of batches that can be entered at any step.

    Attributes:
        steps_per_epoch: Optimizer steps in an epoch; the same in each.
        summary: What is asked and what is left out, in a sentence for people.
        waited: Seconds in which a batch was asked for and had not come yet.
    """

    def __init__(
        self, accelerator: Accelerator, dataset: PreparedDataset, settings: TrainingSettings
    ) -> None:
        """Group the expressions that teach something.

        Raises:
            BadInputError: If there are none, or too few to share among parts and processes.
        """
        self.accelerator = accelerator
        self.dataset = dataset
        self.settings = settings
        self.expressions = drawn_from(
            dataset.expressions(TRAIN_SPLIT), dataset.are_annotations(), settings.train_proposals
        )
        rows = trainable(self.expressions)
        self.units = units_of(self.expressions, rows, settings.asking)
        self.waited = 0.0
        self.summary = _summary(self.expressions, asked=len(rows))
        self.steps_per_epoch = math.ceil(len(self.units) / settings.batch_size)
        if not len(self.units):
            problem = "no training expression has both a right candidate and a wrong one"
            raise BadInputError(f"{problem}; {self.summary}", file=dataset.folder)
        try:
            self.plan(0)
        except ValueError as error:
            raise BadInputError(str(error), record="--batch-size") from error

    def plan(self, epoch: int) -> list[list[MicroBatch]]:
        """Return the batches of `epoch`, each in parts for all processes."""
        return plan_epoch(
            self.units,
            batch_size=self.settings.batch_size,
            parts=self.settings.accumulation * self.accelerator.num_processes,
            seed=self.settings.seed,
            epoch=epoch,
        )

    def expression_ids(self, step: int) -> list[int]:
        """Return what was asked in `step` of the run, counted from 1, by all processes."""
        epoch, place = divmod(step - 1, self.steps_per_epoch)
        rows = np.concatenate([part.expressions for part in self.plan(epoch)[place]])
        ids: list[int] = self.expressions.expression_ids[rows].tolist()
        return ids

    def load(
        self, encoder: DualEncoder, start: Progress, *, num_workers: int
    ) -> Iterator[tuple[Batch, float]]:
        """Load the parts of this process from `start` to the end of the run, in one stream."""
        makes_questions = QuestionMaker(
            self.dataset,
            self.expressions,
            encoder.tokenize,
            self.settings.asking,
        )
        return self._timed(
            DataLoader(
                makes_questions,
                sampler=self._parts(start),
                batch_size=None,
                num_workers=num_workers,
                worker_init_fn=outlast_signals,
                pin_memory=self.accelerator.device.type == "cuda",
                # It draws a number when it starts, in the midst of a step. From the global
                # generator, dropout in the first step of a resumed run would be another.
                generator=torch.Generator(),
            )
        )

    def _timed(self, loader: "DataLoader[tuple[Batch, float]]") -> Iterator[tuple[Batch, float]]:
        """Yield what `loader` brings, and add up for how long it was waited for."""
        asked = perf_counter()
        for batch in loader:
            self.waited += perf_counter() - asked
            yield batch
            asked = perf_counter()

    def _parts(self, start: Progress) -> Iterator[MicroBatch]:
        """Plan epoch by epoch, as the loader asks."""
        for epoch in range(start.epoch, self.settings.epochs):
            batches = self.plan(epoch)[start.step if epoch == start.epoch else 0 :]
            yield from in_turn(
                batches, self.accelerator.process_index, self.accelerator.num_processes
            )


def _summary(expressions: Expressions, *, asked: int) -> str:
    missed, unopposed = left_out(expressions)
    return (
        f"{asked} of {len(expressions)} training expressions are asked; left out: "
        f"{missed} without a right candidate, {unopposed} without a wrong one"
    )
