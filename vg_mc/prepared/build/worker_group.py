"""Process group of a distributed preparation: rank 0 plans and publishes, all ranks draw.

Rank 0 scatters the tasks once. Shards are files, so the progress and failures of other ranks are
read from the folder of the dataset.
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

MEETING = timedelta(minutes=5)  # timeout until all processes have connected
PLANNING = timedelta(days=1)  # timeout until the first process has read the corpus

Work = Callable[[ShardTask], int]


class WorkerGroup:
    """Process group of one launch, as seen by one process."""

    def __init__(self) -> None:
        """Connect to the other processes."""
        dist.init_process_group("gloo", timeout=MEETING)
        self._planning = cast("dist.ProcessGroup", dist.new_group(timeout=PLANNING))
        self.rank, self._size = dist.get_rank(), dist.get_world_size()

    def draw_share(self, work: Work, tasks: list[ShardTask], num_workers: int) -> Generator[int]:
        """Give each process a share of `tasks`; yield the results of the first process' share.

        Only the first process calls it; all others call `help`.
        """
        own = self._scattered([(work, tasks[rank :: self._size]) for rank in range(self._size)])
        yield from unordered_results(*own, num_workers)

    def help(self, num_workers: int) -> None:
        """Draw the share of tasks that the first process assigns to this one.

        Raises:
            BadInputError: If the first process ends before it assigns the tasks.
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
            problem = (
                "another launched process ended before the tasks were distributed; its own message "
                "tells why"
            )
            raise BadInputError(problem) from error
        dist.destroy_process_group()
        return received[0]


@contextmanager
def joined() -> Iterator[WorkerGroup]:
    """Connect to the other processes of the launch.

    Raises:
        BadInputError: If the processes cannot connect to each other.
    """
    try:
        group = WorkerGroup()
    except dist.DistError as error:
        problem = (
            "the launched processes cannot connect to each other; start them with torchrun, or set "
            "MASTER_ADDR and MASTER_PORT to the same reachable address for all"
        )
        raise BadInputError(problem) from error
    try:
        yield group
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def _nothing(_: ShardTask) -> int:
    return 0
