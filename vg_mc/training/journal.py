"""Logs of a run: metrics of steps and validations, and steps that were skipped.

``metrics.jsonl`` has a line per step and validation, ``nonfinite.jsonl`` a line per skipped step.
The results of steps are fetched from the device every few steps, since waiting for each loss would
stall it.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from vg_mc.errors import BadInputError
from vg_mc.system.atomic import write_whole_text
from vg_mc.training.stepper import Stepper
from vg_mc.training.stream import BatchStream

Value = int | float | str | list[int] | None
Entry = dict[str, Value]


class History:
    """A log file of a run, which a resumed run continues.

    Attributes:
        entries: All logged entries.
        writes: Whether this process writes the file; other processes only keep the entries.
    """

    def __init__(self, path: Path, *, steps_taken: int, writes: bool) -> None:
        """Open the log and remove entries after step `steps_taken`, which is repeated."""
        self.path = path
        self.writes = writes
        self.entries = [entry for entry in read_entries(path) if _step(entry) <= steps_taken]
        if writes and path.exists():
            write_whole_text(path, _lines(self.entries))

    def add(self, *entries: Entry) -> None:
        """Append entries, which must have a ``step``; NaN and infinity become null."""
        kept = [{key: _number_or_none(value) for key, value in each.items()} for each in entries]
        self.entries += kept
        if self.writes:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(_lines(kept))


def _lines(entries: list[Entry]) -> str:
    return "".join(json.dumps(entry, allow_nan=False) + "\n" for entry in entries)


def _number_or_none(value: Value) -> Value:
    # NaN and infinity are not valid JSON.
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _step(entry: Entry) -> int:
    step = entry["step"]
    return step if isinstance(step, int) else 0


def read_entries(path: Path) -> list[Entry]:
    """Return the entries of all complete lines; a killed run may leave an incomplete last line."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


STEPS_PER_LOG = 10
MOST_SKIPPED = 3  # in a row


@dataclass(frozen=True, slots=True)
class StepReport:
    """Result of a step over all processes.

    Attributes:
        step: Number of the step in the run, from 1.
        pictures: Number of encoded images.
        gradient_norm: Norm of the gradient before clipping.
        skipped: Whether the update was skipped because of a non-finite loss or gradient.
    """

    step: int
    loss: float
    accuracy: float
    pictures: int
    gradient_norm: float
    skipped: bool


class Journal:
    """Logs the steps of a run, and stops it after several non-finite steps in a row."""

    def __init__(
        self,
        accelerator: Accelerator,
        stepper: Stepper[Any],
        stream: BatchStream[Any],
        run: Path,
        *,
        steps_taken: int,
    ) -> None:
        """Open the logs in `run` and remove entries after step `steps_taken`."""
        self.accelerator = accelerator
        self.stepper = stepper
        self.stream = stream
        self.history, self.skipped = (
            History(run / name, steps_taken=steps_taken, writes=accelerator.is_main_process)
            for name in ("metrics.jsonl", "nonfinite.jsonl")
        )
        self._unread: list[Tensor] = []
        self.start_clock()

    def start_clock(self) -> None:
        """Restart the timer, to exclude validation and checkpoints from the time of steps."""
        self._clock = perf_counter()
        self._waited = self.stream.waited

    def add(self, outcome: Tensor) -> None:
        """Add the result of `Stepper.step`."""
        self._unread.append(outcome)

    def log(self, entry: Entry, about: str) -> None:
        """Add `entry` to the history, and log its numbers to trackers as ``about/<name>``."""
        self.history.add(entry)
        step = entry["step"]
        numbers = {
            f"{about}/{name}": value
            for name, value in entry.items()
            if name != "step" and isinstance(value, int | float)
        }
        self.accelerator.log(numbers, step=step)

    @property
    def is_due(self) -> bool:
        """Whether `write` should be called."""
        return len(self._unread) == STEPS_PER_LOG

    def write(self, steps_taken: int) -> dict[str, str]:
        """Log the steps since the last call, the latest of which was number `steps_taken`.

        Returns:
            Values for the progress bar.

        Raises:
            BadInputError: If `MOST_SKIPPED` steps in a row were skipped.
        """
        reports = self._fetch(steps_taken)
        seconds = perf_counter() - self._clock
        waited = self.stream.waited - self._waited
        self.start_clock()
        for report in reports:
            self.log(self._entry(report), "train")
            if report.skipped:
                self._add_skipped(report)
        self._judge()
        pictures = sum(report.pictures for report in reports)
        latest = reports[-1]
        return {
            "loss": f"{latest.loss:.3f}",
            "accuracy": f"{latest.accuracy:.2f}",
            "images/s": f"{pictures / seconds:.0f}",
            "waiting": f"{waited / seconds:.0%}",  # for the data loader
        }

    def _fetch(self, steps_taken: int) -> list[StepReport]:
        rows = self.accelerator.reduce(torch.stack(self._unread), reduction="sum").tolist()
        self._unread = []
        first = steps_taken - len(rows) + 1
        return [self._report(step, *row) for step, row in enumerate(rows, start=first)]

    def _report(
        self, step: int, loss: float, accuracy: float, pictures: float, norms: float
    ) -> StepReport:
        norm = norms / self.accelerator.num_processes  # equal in all processes
        # With a gradient scaler, overflow means that the scale was too large; it is lowered.
        is_finite = math.isfinite(norm) or self.accelerator.scaler is not None
        skipped = not (math.isfinite(loss) and is_finite)
        return StepReport(step, loss, accuracy, int(pictures), norm, skipped)

    def _entry(self, report: StepReport) -> Entry:
        return {
            "step": report.step,
            "epoch": (report.step - 1) // self.stream.steps_per_epoch,
            "loss": report.loss,
            "accuracy": report.accuracy,
            "learning_rate": self.stepper.learning_rate(report.step - 1),
            "pictures": report.pictures,
            "gradient_norm": report.gradient_norm,
            "skipped": int(report.skipped),
        }

    def _add_skipped(self, report: StepReport) -> None:
        self.skipped.add(
            {
                "step": report.step,
                "loss": str(report.loss),
                "gradient_norm": str(report.gradient_norm),
                "expression_ids": self.stream.expression_ids(report.step),
            }
        )

    def _judge(self) -> None:
        numbers = (entry["step"] for entry in self.skipped.entries)
        steps = {number for number in numbers if isinstance(number, int)}
        for first in sorted(steps):
            if steps.issuperset(range(first, first + MOST_SKIPPED)):
                problem = (
                    f"{MOST_SKIPPED} steps in a row had a non-finite loss or gradient and were "
                    f"skipped; their expression ids are in {self.skipped.path.name}; "
                    "a lower --learning-rate may help"
                )
                raise BadInputError(problem, file=self.skipped.path.parent, record=f"step {first}")
