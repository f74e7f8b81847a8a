"""Worker processes that end with the process that started them."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux's sys/prctl.h


def unordered_results(
    work: Callable[[Task], Result], tasks: list[Task], num_workers: int
) -> Generator[Result]:
    """Yield ``work(task)`` for every task, in order of completion.

    The first exception is raised at once: running tasks are finished, and no others are started.
    """
    if min(num_workers, len(tasks)) <= 1:
        yield from map(work, tasks)
        return
    context = multiprocessing.get_context("spawn")  # the threads of a parent do not survive a fork
    pool = ProcessPoolExecutor(num_workers, mp_context=context, initializer=_start_worker)
    try:
        for future in as_completed([pool.submit(work, task) for task in tasks]):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Ignore Ctrl-C, which the parent handles, and end when the parent ends.

    Otherwise a worker would wait for tasks forever, or continue to write, after its parent was
    killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        # The thread below has to wait while a library is loaded; the kernel does not.
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    # Also detects a parent that was killed before this call, and works on every system.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)  # pragma: no cover - nothing is recorded of a process that ends like this
