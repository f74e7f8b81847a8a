"""The journal of a run's steps: what they came to is fetched in bunches, logged, and judged.

To wait for a loss after each step would keep the device from working ahead.

Logs of a run, a line per entry: metrics.jsonl, of steps and validations, is always written.
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
    """The log of a run, continued by a resumed run as if it had never stopped.

    Attributes:
        entries: Everything that was logged.
        writes: Whether this process writes the file; all others only keep the entries.
    """

    def __init__(self, path: Path, *, steps_taken: int, writes: bool) -> None:
        """Open the log; what was written after step `steps_taken` is about to be done again."""
        self.path = path
        self.writes = writes
        self.entries = [entry for entry in read_entries(path) if _step(entry) <= steps_taken]
        if writes and path.exists():
            write_whole_text(path, _lines(self.entries))

    def add(self, *entries: Entry) -> None:
        """Append entries, which have at least a ``step``; what is no number becomes null."""
        kept = [{key: _number_or_none(value) for key, value in each.items()} for each in entries]
        self.entries += kept
        if self.writes:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(_lines(kept))


def _lines(entries: list[Entry]) -> str:
    return "".join(json.dumps(entry, allow_nan=False) + "\n" for entry in entries)


def _number_or_none(value: Value) -> Value:
    # A share of nothing is NaN, which is not JSON.
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _step(entry: Entry) -> int:
    step = entry["step"]
    return step if isinstance(step, int) else 0


def read_entries(path: Path) -> list[Entry]:
    """Read the complete lines; a killed run may have left half of one."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


STEPS_PER_LOG = 10
MOST_SKIPPED = 3  # in a row


@dataclass(frozen=True, slots=True)
class StepReport:
    """What a step came to, over all processes.

    Attributes:
        step: Number of the step in the run, from 1.
        pictures: Pictures that were encoded.
        gradient_norm: Length of the gradient, before it was cut.
        skipped: Whether nothing was changed, since a number was not finite.
    """

    step: int
    loss: float
    accuracy: float
    pictures: int
    gradient_norm: float
    skipped: bool


class Journal:
    """Takes down the steps of a run, and stops it where they lead nowhere."""

    def __init__(
        self,
        accelerator: Accelerator,
        stepper: Stepper[Any],
        stream: BatchStream[Any],
        run: Path,
        *,
        steps_taken: int,
    ) -> None:
        """Open the logs in `run`; what was written after `steps_taken` is forgotten."""
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
        """Do not count what was done until now as time of steps."""
        self._clock = perf_counter()
        self._waited = self.stream.waited

    def add(self, outcome: Tensor) -> None:
        """Take down what `Stepper.step` returned."""
        self._unread.append(outcome)

    def log(self, entry: Entry, about: str) -> None:
        """Add `entry` to the history, and tell trackers its numbers under ``about/<name>``."""
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
        """Whether it is time to write."""
        return len(self._unread) == STEPS_PER_LOG

    def write(self, steps_taken: int) -> dict[str, str]:
        """Log the steps since the last call, the latest of which was number `steps_taken`.

        Returns:
            What a progress bar shows.

        Raises:
            BadInputError: If as many steps as are bearable were skipped in a row.
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
            "pictures/s": f"{pictures / seconds:.0f}",
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
        norm = norms / self.accelerator.num_processes  # the same in each
        # In half precision, a gradient that is too long means a scale that was too large.
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
                    f"{MOST_SKIPPED} steps in a row had a loss or a gradient that is no finite "
                    "number. They changed no weight. The ids of their expressions are in "
                    f"{self.skipped.path.name}; a lower --learning-rate may help"
                )
                raise BadInputError(problem, file=self.skipped.path.parent, record=f"step {first}")
