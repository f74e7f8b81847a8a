"""``python -m benchmarks.training_kills``: kill training at keyed moments, and see what is lost.

Each kill has a run of its own. It is killed once, started again, and must end with the bytes of a
run that nobody killed: best model, last checkpoint with its moments, and log.
"""

import json
import multiprocessing
import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from tabulate import tabulate

from benchmarks.models import Task, dataset_folder, prepare_task
from vg_mc.config import parse_config

TASK = Task("tiny-vit", 32, 12, 3, steps=0, expressions_per_step=16, images_per_step=4)
STEPS, STEPS_PER_CHECKPOINT = 12, 2
LONGEST = 60.0  # seconds that the processes of a run may take to end
LIBRARIES = [
    "vg_mc.training.loop",
    "vg_mc.encoders.tiny",
    "vg_mc.commands.finetune",
    "vg_mc.reports.curves",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "torch._dynamo",  # which the first step of an optimizer imports
]


@dataclass(frozen=True)
class KillConfig:
    """Kill fine-tuning again and again, and compare each resumed run with one left alone."""

    kills: int = 50
    """How many runs are killed."""

    seed: int = 0
    """Seed of the moments."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a run is started."""

    processes: int
    accumulation: int

    def __str__(self) -> str:
        processes = "1 process" if self.processes == 1 else f"{self.processes} processes"
        return f"{processes}, {self.accumulation} part{'s' * (self.accumulation > 1)} a step"


@dataclass(frozen=True, slots=True)
class Manner:
    """What is done to a run: a signal to all its processes, or to the last; maybe in a save."""

    signal: signal.Signals
    to_all: bool
    at_a_save: bool = False

    def __str__(self) -> str:
        aim = " in a save" if self.at_a_save else ""
        return f"{self.signal.name} to {'all' if self.to_all else 'one'}{aim}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a killed run.

    Attributes:
        steps: Steps that were logged when it was killed.
        in_save: Whether a folder was half written then.
        seconds: Until its last process had ended.
        codes: How its processes ended.
        different: What is not as in the run left alone, when it had been resumed.
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
    """Make the data, train undisturbed in each setting, then kill."""
    prepare_task(TASK, scratch)
    dataset = dataset_folder(TASK, scratch)
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


def launch(setting: Setting, dataset: Path, run: Path) -> list[ForkServerProcess]:
    """Start the processes of a run, as torchrun would; libraries are loaded once, then forked."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    flags = [
        *("--dataset", str(dataset), "--output", str(run), "--model", TASK.model),
        *("--epochs", "2", "--batch-size", str(TASK.expressions_per_step)),
        *("--gradient-accumulation", str(setting.accumulation), "--learning-rate", "1e-3"),
        *("--checkpoint-steps", str(STEPS_PER_CHECKPOINT), "--batch-norm", "trained"),
    ]
    port = _free_port()
    processes = []
    for rank in range(setting.processes):
        several = {
            "RANK": rank,
            "LOCAL_RANK": rank,
            "WORLD_SIZE": setting.processes,
            "LOCAL_WORLD_SIZE": setting.processes,
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": port,
        }
        environment = {key: str(value) for key, value in several.items()}
        process = context.Process(
            target=_finetune, args=(flags, environment if setting.processes > 1 else {}, run)
        )
        process.start()
        processes.append(process)
    return processes


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _finetune(flags: list[str], environment: Mapping[str, str], run: Path) -> None:
    os.environ.update(environment)
    # As where a person starts it: workers of loaders are children of their trainer.
    multiprocessing.set_start_method("fork", force=True)
    from vg_mc.commands.finetune import main as finetune

    log = os.open(run.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    finetune(flags)


def train(setting: Setting, dataset: Path, run: Path) -> None:
    """Train to the end."""
    processes = launch(setting, dataset, run)
    for process in processes:
        process.join()
    codes = [process.exitcode for process in processes]
    if any(codes):
        raise RuntimeError(f"exit codes {codes}:\n{run.with_suffix('.log').read_text()}")


def kill(
    setting: Setting, manner: Manner, dataset: Path, run: Path, moment: float
) -> tuple[int, bool, float, tuple[int | None, ...]]:
    """Start a run and kill it `moment` steps later, or in the first save that begins then.

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
    for process in processes:
        process.join(LONGEST)
        if process.is_alive():
            raise RuntimeError(f"still there after {LONGEST} seconds: {run}")
    ended = time.perf_counter() - start
    return steps, in_save, ended, tuple(process.exitcode for process in processes)


def _saves(run: Path) -> bool:
    return any(run.glob("**/.*.partial"))


def _steps(run: Path) -> int:
    log = run / "metrics.jsonl"
    return log.read_text().count('"learning_rate"') if log.exists() else 0


def differences(whole: Path, run: Path) -> tuple[str, ...]:
    """Name the files that are not the same, byte by byte."""
    names = {path.relative_to(folder) for folder in (whole, run) for path in _files(folder)}
    return tuple(
        str(name) for name in sorted(names) if _content(whole / name) != _content(run / name)
    )


def _files(run: Path) -> list[Path]:
    """List what must be the same: the description of a run names its folder, and is left out."""
    parts = [run / "best", max((run / "checkpoints").glob("step-*"))]
    files = [path for part in parts for path in part.rglob("*") if path.is_file()]
    return [*files, run / "metrics.jsonl"]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def table(outcomes: Sequence[Outcome]) -> str:
    """Count outcomes by setting and manner."""
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
