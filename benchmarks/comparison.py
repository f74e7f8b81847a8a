"""Comparisons of implementations of the same work, each measured in a separate process."""

import multiprocessing
import re
import resource
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from benchmarks.rounds import ROUNDS, in_turns, median_run, spread

Result = TypeVar("Result")

# What training and evaluating import anyway takes seconds: it is loaded once, then forked.
LIBRARIES = ["vg_mc.training.loop", "vg_mc.models.tiny"]


@dataclass(frozen=True, slots=True)
class Measured:
    """Time and memory of one implementation.

    Attributes:
        amount: Number of candidate images or expressions processed.
        seconds: Wall-clock time.
        processor_seconds: CPU time of all processes.
        memory_before: Megabytes before the work: libraries, model and input.
        memory_peak: Most megabytes that the largest process ever held.
        facts: Further columns of the table.
    """

    amount: int
    seconds: float
    processor_seconds: float
    memory_before: int
    memory_peak: int
    facts: dict[str, str]

    @property
    def rate(self) -> float:
        """Candidate images or expressions per second."""
        return self.amount / self.seconds


class Stopwatch:
    """A moment: the time, and what this process and its children had used by then."""

    def __init__(self) -> None:
        self.seconds = perf_counter()
        self.processor_seconds = _processor_seconds()
        self.memory = _peak_memory()

    def stop(self, amount: int, **facts: str) -> Measured:
        """Say what was measured until now."""
        return self.until(Stopwatch(), amount, **facts)

    def until(self, end: "Stopwatch", amount: int, **facts: str) -> Measured:
        """Say what was measured until `end`."""
        return Measured(
            amount=amount,
            seconds=end.seconds - self.seconds,
            processor_seconds=end.processor_seconds - self.processor_seconds,
            memory_before=self.memory,
            memory_peak=end.memory,
            facts=facts,
        )


def _peak_memory() -> int:
    users = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(user).ru_maxrss for user in users) // 1024


def _processor_seconds() -> float:
    users = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, users))


@dataclass(frozen=True, slots=True)
class Way:
    """One implementation of the work.

    Attributes:
        run: Executes and measures the work; writes its results to the given folder.
        against: Name of the baseline; None for a baseline.
    """

    name: str
    run: Callable[[Path], Measured]
    against: str | None = None


@dataclass(frozen=True, slots=True)
class Aim:
    """A target figure of a comparison.

    Attributes:
        value: Computes the figure from the measurements.
        least: Lower limit, or None.
        most: Upper limit, or None.
    """

    what: str
    value: Callable[[dict[str, Measured]], float]
    least: float | None = None
    most: float | None = None

    def is_reached(self, value: float) -> bool:
        """Return True if `value` is within both limits."""
        above = self.least is None or value >= self.least
        return above and (self.most is None or value <= self.most)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Implementations of the same work.

    Attributes:
        unit: Name of the counted items, in the plural.
        set_up: Creates the input; not measured.
        check: Asserts that all implementations gave the same results, given a folder with one
            subfolder each, and returns a description.
        needs_torch: Whether the model libraries are loaded before the start.
        aims: Target figures.
    """

    title: str
    unit: str
    set_up: Callable[[], None]
    ways: tuple[Way, ...]
    check: Callable[[Path], str]
    needs_torch: bool
    aims: tuple[Aim, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """The measurements of a comparison, several runs of each way."""

    comparison: Comparison
    runs: dict[str, list[Measured]]
    checked: str

    @property
    def measured(self) -> dict[str, Measured]:
        """The run of each way with the median time."""
        return {name: median_run(runs, attrgetter("seconds")) for name, runs in self.runs.items()}

    def spread(self, way: str) -> float:
        """Return the range of the times of a way, as a share of their median."""
        return spread([run.seconds for run in self.runs[way]])


def carry_out(comparison: Comparison, scratch: Path, rounds: int = ROUNDS) -> Finding:
    """Run the ways in turns, then check the results of the last round."""
    folder = scratch / re.sub(r"\W+", "-", comparison.title)
    ways = {way.name: way for way in comparison.ways}

    def measure(name: str) -> Measured:
        print(f"{comparison.title}: {name} ...", flush=True)
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
        return _alone(comparison.needs_torch, ways[name].run, folder / name)

    _alone(comparison.needs_torch, comparison.set_up)
    runs = in_turns(ways, measure, rounds)
    return Finding(comparison, runs, _alone(comparison.needs_torch, comparison.check, folder))


def _alone(needs_torch: bool, work: Callable[..., Result], *arguments: object) -> Result:
    """Execute work in a new process, so that its memory can be measured."""
    context = multiprocessing.get_context("forkserver" if needs_torch else "spawn")
    if needs_torch:
        context.set_forkserver_preload(LIBRARIES)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, *arguments).result()
