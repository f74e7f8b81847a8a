"""Jobs that run in parallel, each in its own process with its output in a log file.

The processes are forked from a server that has imported the heavy libraries once, so that they do
not spend seconds on imports.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from vg_mc.errors import BadInputError

POLL_INTERVAL = 0.5  # seconds between two calls of `watch`


@dataclass(frozen=True, slots=True)
class Job:
    """A function to run in a process.

    Attributes:
        name: Name of the job in messages.
        work: Called in the process; must be picklable.
        log: File that the output is appended to.
    """

    name: str
    work: Callable[[], object]
    log: Path


def run_side_by_side(
    jobs: Sequence[Job], preload: Sequence[str] = (), watch: Callable[[], None] = lambda: None
) -> None:
    """Run all jobs in parallel, each with an equal share of the CPU cores, and wait for them.

    Args:
        jobs: At least one job.
        preload: Modules that the server imports; only those of the first call count.
        watch: Called repeatedly in this process while the jobs run, and once at the end.

    Raises:
        BadInputError: If a job fails; the others are killed.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*preload])
    threads = max(1, (os.cpu_count() or 1) // len(jobs))
    processes = {
        job.name: context.Process(target=_work, args=(job.work, job.log, threads)) for job in jobs
    }
    try:
        for process in processes.values():
            process.start()
        _wait_for(jobs, processes, watch)
    finally:
        for process in processes.values():
            process.kill()
            process.join()


def _wait_for(
    jobs: Sequence[Job], processes: dict[str, ForkServerProcess], watch: Callable[[], None]
) -> None:
    running = list(jobs)
    while running:
        wait([processes[job.name].sentinel for job in running], timeout=POLL_INTERVAL)
        watch()
        for job in running:
            code = processes[job.name].exitcode
            if code:
                problem = f"{job.name} failed with exit code {code}; this file is its log"
                raise BadInputError(problem, file=job.log)
        running = [job for job in running if processes[job.name].exitcode is None]


def _work(work: Callable[[], object], log: Path, threads: int) -> None:
    """Run a job in its process."""
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # for libraries and processes that start later
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(threads)
    work()
