"""Fine-tuning runs of a tiny model, forked from a process with all libraries loaded."""

import multiprocessing
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from benchmarks.models import Questions

QUESTIONS = Questions(image_size=32, train_photos=12, evaluation_photos=3)
STEPS, STEPS_PER_CHECKPOINT = 12, 2
LIBRARIES = [
    "vg_mc.training.loop",
    "vg_mc.models.tiny",
    "vg_mc.commands.finetune",
    "vg_mc.reports.plots",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "torch._dynamo",  # which the first step of an optimizer imports
]


@dataclass(frozen=True, slots=True)
class Setting:
    """Numbers of processes and accumulation steps of a run."""

    processes: int
    accumulation: int

    def __str__(self) -> str:
        processes = "1 process" if self.processes == 1 else f"{self.processes} processes"
        return f"{processes}, {self.accumulation} part{'s' * (self.accumulation > 1)} a step"


def launch(setting: Setting, dataset: Path, run: Path) -> list[ForkServerProcess]:
    """Start the processes of a run as torchrun does, forked from a process with all libraries."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    flags = [
        *("--dataset", str(dataset), "--output", str(run), "--model", "tiny-vit"),
        *("--epochs", "2", "--batch-size", "16"),
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
    """Train to completion."""
    processes = launch(setting, dataset, run)
    for process in processes:
        process.join()
    codes = [process.exitcode for process in processes]
    if any(codes):
        raise RuntimeError(f"exit codes {codes}:\n{run.with_suffix('.log').read_text()}")
