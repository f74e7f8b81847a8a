"""The command ``python -m benchmarks.training_kills``, which kills and resumes trainings.

Each run is killed once at a keyed moment and started again. It must end with the same bytes as an
uninterrupted run: best model, last checkpoint with its moments, and log.
"""

import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from tabulate import tabulate

from benchmarks.models import dataset_folder, prepare_questions
from benchmarks.tiny_runs import QUESTIONS, STEPS, STEPS_PER_CHECKPOINT, Setting, launch, train
from vg_mc.commands.config import parse_config

ALONE = 15.0  # seconds after which the remaining processes receive SIGTERM
LONGEST = 60.0  # seconds that the processes of a run may take to end


@dataclass(frozen=True)
class KillConfig:
    """Kill fine-tuning runs, and compare each resumed run with an uninterrupted one."""

    kills: int = 50
    """Number of runs to kill."""

    seed: int = 0
    """Random seed of the moments."""


@dataclass(frozen=True, slots=True)
class Manner:
    """A way to kill a run: a signal to all its processes or to the last one, possibly in a save."""

    signal: signal.Signals
    to_all: bool
    at_a_save: bool = False

    def __str__(self) -> str:
        aim = " in a save" if self.at_a_save else ""
        return f"{self.signal.name} to {'all' if self.to_all else 'one'}{aim}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a killed run.

    Attributes:
        steps: Number of steps logged before the kill.
        in_save: Whether a folder was partially written at that moment.
        seconds: Time until its last process ended.
        codes: Exit codes of its processes.
        different: Files of the resumed run that differ from those of the uninterrupted one.
    """

    setting: Setting
    manner: Manner
    steps: int
    in_save: bool
    seconds: float
    codes: tuple[int | None, ...]
    different: tuple[str, ...]


SETTINGS = [Setting(processes, parts) for processes in (1, 2) for parts in (1, 2)]
MANNERS = [
    Manner(signal.SIGKILL, to_all=True),
    Manner(signal.SIGTERM, to_all=False),
    Manner(signal.SIGKILL, to_all=False),
    Manner(signal.SIGKILL, to_all=True, at_a_save=True),
    Manner(signal.SIGINT, to_all=True),
]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    config = parse_config(KillConfig, argv)
    with TemporaryDirectory(prefix="vg_mc-kills-") as scratch:
        outcomes = list(carry_out(config, Path(scratch)))
    arguments = sys.argv[1:] if argv is None else argv
    print(f"\n`{shlex.join(['python', '-m', 'benchmarks.training_kills', *arguments])}`\n")
    print(table(outcomes))
    sys.exit(any(outcome.different for outcome in outcomes))


def carry_out(config: KillConfig, scratch: Path) -> list[Outcome]:
    """Prepare the data, train without interruption in each setting, then kill runs."""
    prepare_questions(QUESTIONS, scratch)
    dataset = dataset_folder(QUESTIONS, scratch)
    whole = {}
    for setting in SETTINGS:
        whole[setting] = scratch / f"whole-{setting.processes}-{setting.accumulation}"
        train(setting, dataset, whole[setting])
    outcomes: list[Outcome] = []
    for number in range(config.kills):
        setting = SETTINGS[number % len(SETTINGS)]
        manner = MANNERS[number // len(SETTINGS) % len(MANNERS)]
        moment = np.random.default_rng([config.seed, number]).uniform(0, STEPS)
        run = scratch / f"killed-{number}"
        steps, in_save, ended, codes = kill(setting, manner, dataset, run, moment)
        train(setting, dataset, run)
        outcome = Outcome(
            setting, manner, steps, in_save, ended, codes, differences(whole[setting], run)
        )
        print(f"{number + 1}/{config.kills} {outcome}", flush=True)
        outcomes.append(outcome)
    return outcomes


def kill(
    setting: Setting, manner: Manner, dataset: Path, run: Path, moment: float
) -> tuple[int, bool, float, tuple[int | None, ...]]:
    """Start a run and kill it `moment` steps later, or in the first save after that.

    Steps are logged with each checkpoint; the rest of `moment`, in seconds, falls between two.
    """
    processes = launch(setting, dataset, run)
    steps, rest = int(moment) // STEPS_PER_CHECKPOINT * STEPS_PER_CHECKPOINT, moment % 1
    while _steps(run) < steps and processes[0].is_alive():
        time.sleep(0.001)
    time.sleep(rest)
    while manner.at_a_save and not _saves(run) and processes[0].is_alive():
        time.sleep(0.0001)
    in_save, steps = _saves(run), _steps(run)
    for process in processes if manner.to_all else processes[-1:]:
        if process.pid is not None and process.is_alive():
            os.kill(process.pid, manner.signal)
    start = time.perf_counter()
    _join(processes, ALONE)
    for process in processes:
        if process.is_alive():
            process.terminate()  # as torchrun does to those that are left
    if not _join(processes, LONGEST - ALONE):
        raise RuntimeError(f"still there after {LONGEST} seconds: {run}")
    ended = time.perf_counter() - start
    return steps, in_save, ended, tuple(process.exitcode for process in processes)


def _join(processes: Sequence[ForkServerProcess], seconds: float) -> bool:
    """Wait up to `seconds` for all processes; return True if they have ended."""
    end = time.perf_counter() + seconds
    for process in processes:
        process.join(max(0.0, end - time.perf_counter()))
    return not any(process.is_alive() for process in processes)


def _saves(run: Path) -> bool:
    return any(run.glob("**/.*.partial"))


def _steps(run: Path) -> int:
    log = run / "metrics.jsonl"
    return log.read_text().count('"learning_rate"') if log.exists() else 0


def differences(whole: Path, run: Path) -> tuple[str, ...]:
    """Return the files that differ in any byte."""
    names = {path.relative_to(folder) for folder in (whole, run) for path in _files(folder)}
    return tuple(
        str(name) for name in sorted(names) if _content(whole / name) != _content(run / name)
    )


def _files(run: Path) -> list[Path]:
    """List the files that must be equal; the description of a run, with its folder, is excluded."""
    parts = [run / "best", max((run / "checkpoints").glob("step-*"))]
    files = [path for part in parts for path in part.rglob("*") if path.is_file()]
    return [*files, run / "metrics.jsonl"]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def table(outcomes: Sequence[Outcome]) -> str:
    """Return a table of outcomes by setting and way to kill."""
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault((str(outcome.setting), str(outcome.manner)), []).append(outcome)
    groups["all", ""] = list(outcomes)
    rows = [
        {
            "run": setting,
            "killed by": manner,
            "kills": len(group),
            "before the 1st step": sum(outcome.steps == 0 for outcome in group),
            "in a save": sum(outcome.in_save for outcome in group),
            "longest end, s": max(outcome.seconds for outcome in group),
            "exit codes": json.dumps(sorted({code or 0 for each in group for code in each.codes})),
            "bit-identical": f"{sum(not each.different for each in group)} of {len(group)}",
        }
        for (setting, manner), group in groups.items()
    ]
    return tabulate(rows, headers="keys", tablefmt="github", floatfmt=".1f")


if __name__ == "__main__":
    main()
