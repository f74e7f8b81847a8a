"""Processes that were launched together: the first one plans and publishes, and all of them draw.

Tasks travel once, at a moment when all wait for them. Everything else is a few words in the store
of the launch, which the processes look at again and again: no wait has a limit that long work could
exceed. A thread in each process tells the others that it lives, and ends the process when another
one has failed or is heard of no more, whatever it is busy with.
"""

import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch.distributed as dist
from torch._C._distributed_c10d import Store
from torch.distributed.rendezvous import rendezvous

from vg_mc.errors import BadInputError
from vg_mc.system.workers import results_as_they_come

Task = TypeVar("Task")
Share = tuple[Callable[[Any], int], list[Any]]  # what to do, and with what

MEETING = timedelta(minutes=5)  # in which all processes must have come
BEAT = 1.0  # seconds between two signs of life
LOST_AFTER = 120  # of our beats without one of theirs; a long file may take a process a minute
GRACE = 2.0  # seconds in which a process that sees the launch end can end by itself
PAUSE = 0.2  # seconds between two looks

# What the store knows.
SHARED = "shared"  # tasks are ready
DONE = "done"  # what the helpers' results add up to
HELPED = "helped"  # how many helpers are done
OVER = "over"  # the first process is done
LEFT = "left"  # how many helpers know it
FAILED = "failed"  # who failed, and why


class Crew:
    """The processes of one launch, as one of them sees it."""

    def __init__(self, store: Store, rank: int, size: int) -> None:
        """Become process `rank` of the `size` processes that meet in `store`."""
        self._store = store
        self.rank = rank
        self.size = size
        self._watched = range(1, size) if rank == 0 else range(1)
        self._heard = dict.fromkeys(self._watched, 0)
        self._silent = dict.fromkeys(self._watched, 0)
        self._counted = 0
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def results_as_they_come(
        self, work: Callable[[Task], int], tasks: list[Task], num_workers: int
    ) -> Iterator[int]:
        """Yield numbers that add up to ``work(task)`` of every task, as the work goes on.

        The first process calls it, while all others `help`. Each does its share with its own
        number of workers.
        """
        self._store.set(SHARED, "")
        own = self._exchange([(work, tasks[rank :: self.size]) for rank in range(self.size)])
        for result in results_as_they_come(*own, num_workers):
            yield result + self._news()
        while self._store.add(HELPED, 0) < self.size - 1:
            time.sleep(PAUSE)
            yield self._news()
        yield self._news()

    def help(self, num_workers: int) -> None:
        """Do a share of what the first process has to do, and wait until all is done."""
        self._wait_for(SHARED)
        for result in results_as_they_come(*self._exchange(None), num_workers):
            self._store.add(DONE, result)
        self._store.add(HELPED, 1)
        self._wait_for(OVER)

    def trouble(self) -> str | None:
        """Give a sign of life; say why this process must end if another one has failed or is lost.

        Called once per beat. Beats are counted instead of seconds, since all processes may have
        been suspended together.
        """
        try:
            self._store.add(_beats_of(self.rank), 1)
            if self._store.check([FAILED]):
                return str(self._store.get(FAILED), "utf-8")
            for other in self._watched:
                beats = self._store.add(_beats_of(other), 0)
                self._silent[other] = self._silent[other] + 1 if beats == self._heard[other] else 0
                self._heard[other] = beats
        except dist.DistError:
            return "the process that keeps the launch together has ended"
        lost = [rank for rank, beats in self._silent.items() if beats >= LOST_AFTER]
        return f"process {lost[0]} is heard of no more" if lost else None

    def meet(self) -> None:
        """Wait until all processes have come, and begin to watch."""
        self._store.add(_beats_of(self.rank), 1)
        self._store.wait([_beats_of(rank) for rank in range(self.size)], MEETING)
        self._watcher.start()

    def part(self) -> None:
        """End well: the first process lets the others go, and keeps the store until they know."""
        if self.rank == 0:
            self._store.set(OVER, "")
        self._stop_watching()
        if self.rank > 0:
            self._store.add(LEFT, 1)
            return
        deadline = time.monotonic() + GRACE
        while self._store.add(LEFT, 0) < self.size - 1 and time.monotonic() < deadline:
            time.sleep(PAUSE)

    def fail(self, error: BaseException) -> None:
        """Tell the others why this process ends."""
        self._stop_watching()
        why = str(error) if isinstance(error, BadInputError) else repr(error)
        self._store.set(FAILED, f"process {self.rank} on {platform.node()}: {why}")

    def _exchange(self, shares: list[Share] | None) -> Share:
        """Hand each process its share, and return our own."""
        dist.init_process_group("gloo", store=self._store, rank=self.rank, world_size=self.size)
        try:
            own: list[Share] = [(_nothing, [])]
            dist.scatter_object_list(own, shares, src=0)
            return own[0]
        finally:
            dist.destroy_process_group()

    def _news(self) -> int:
        """Return by how much the results of the helpers have grown since the last look."""
        total: int = self._store.add(DONE, 0)
        grown, self._counted = total - self._counted, total
        return grown

    def _wait_for(self, key: str) -> None:
        while not self._store.check([key]):
            time.sleep(PAUSE)

    def _watch(self) -> None:
        while not self._ended.wait(BEAT):
            trouble = self.trouble()
            if trouble and not self._ended.wait(GRACE):
                print(f"error: {' '.join(trouble.splitlines())}", file=sys.stderr, flush=True)
                os._exit(1)  # the main thread may be busy for an hour

    def _stop_watching(self) -> None:
        self._ended.set()
        self._watcher.join()


@contextmanager
def joined() -> Iterator[Crew]:
    """Meet the other processes of the launch, and part when the block ends, well or not.

    Raises:
        BadInputError: If they do not find each other, or lose the one that keeps them together.
    """
    try:
        crew = Crew(*next(rendezvous("env://", timeout=MEETING)))
        crew.meet()
    except dist.DistError as error:
        problem = "several processes were launched, but they do not find each other"
        raise BadInputError(problem) from error
    try:
        yield crew
        crew.part()
    except dist.DistError as error:
        raise BadInputError("the process that keeps the launch together has ended") from error
    except BaseException as error:
        crew.fail(error)
        raise


def _beats_of(rank: int) -> str:
    return f"beats of {rank}"


def _nothing(_: object) -> int:
    return 0
