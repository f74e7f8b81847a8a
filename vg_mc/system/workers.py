"""Processes that share work, and that neither outlive nor outrun the one that started them."""

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


def results_as_they_come(
    work: Callable[[Task], Result], tasks: list[Task], num_workers: int
) -> Generator[Result]:
    """Yield ``work(task)`` of every task, in the order in which they are done.

    The first failure is raised at once: tasks at hand are finished, and no other is begun.
    """
    if min(num_workers, len(tasks)) <= 1:
        yield from map(work, tasks)
        return
    context = multiprocessing.get_context("spawn")  # threads of a parent do not survive a fork
    pool = ProcessPoolExecutor(num_workers, mp_context=context, initializer=_start_worker)
    try:
        for future in as_completed([pool.submit(work, task) for task in tasks]):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it, however it ends.

    A pool's process would wait for work forever, and go on writing, when its parent was killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        # The thread below must wait its turn while a library is loaded; the kernel need not.
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    # It also notices a parent that was killed before we asked, and works everywhere.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)  # pragma: no cover - nothing is recorded of a process that ends like this
