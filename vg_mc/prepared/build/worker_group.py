"""Processes that were launched together: the first one plans and publishes, and all of them draw.

The first process hands out the tasks once. Shards are files, so it then learns from the folder of
the dataset what the others have finished, or that one of them has failed.
"""

import platform
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import cast

import torch.distributed as dist

from vg_mc.errors import BadInputError
from vg_mc.prepared.build.drawing import report_failure
from vg_mc.prepared.build.plan import ShardTask
from vg_mc.system.workers import unordered_results

MEETING = timedelta(minutes=5)  # in which all processes must have come
PLANNING = timedelta(days=1)  # in which the first process must have read the corpus

Work = Callable[[ShardTask], int]


class WorkerGroup:
    """The processes of one launch, as seen by one of them."""

    def __init__(self) -> None:
        """Meet the other processes."""
        dist.init_process_group("gloo", timeout=MEETING)
        self._planning = cast("dist.ProcessGroup", dist.new_group(timeout=PLANNING))
        self.rank, self._size = dist.get_rank(), dist.get_world_size()

    def draw_share(self, work: Work, tasks: list[ShardTask], num_workers: int) -> Generator[int]:
        """Give each process a share of `tasks`; yield the results of the first process' own.

        The first process calls it, while all others `help`.
        """
        own = self._scattered([(work, tasks[rank :: self._size]) for rank in range(self._size)])
        yield from unordered_results(*own, num_workers)

    def help(self, num_workers: int) -> None:
        """Draw a share of the tasks that the first process hands out.

        Raises:
            BadInputError: If the first process ends before it does so.
        """
        work, tasks = self._scattered(None)
        try:
            for _ in unordered_results(work, tasks, num_workers):
                pass
        except BaseException as error:
            why = str(error) if isinstance(error, BadInputError) else repr(error)
            report_failure(tasks[0], self.rank, f"process {self.rank} on {platform.node()}: {why}")
            raise

    def _scattered(
        self, shares: list[tuple[Work, list[ShardTask]]] | None
    ) -> tuple[Work, list[ShardTask]]:
        received: list[tuple[Work, list[ShardTask]]] = [(_nothing, [])]
        try:
            dist.scatter_object_list(received, shares, src=0, group=self._planning)
        except RuntimeError as error:  # gloo's, of a closed connection
            problem = "another of the launched processes ended before the work was shared"
            raise BadInputError(problem) from error
        dist.destroy_process_group()
        return received[0]


@contextmanager
def joined() -> Iterator[WorkerGroup]:
    """Meet the other processes of the launch.

    Raises:
        BadInputError: If they do not find each other.
    """
    try:
        group = WorkerGroup()
    except dist.DistError as error:
        problem = "several processes were launched, but they do not find each other"
        raise BadInputError(problem) from error
    try:
        yield group
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def _nothing(_: ShardTask) -> int:
    return 0
