"""Drawing of all shards by one or several processes, with a check of the free disk space.

Shard files appear atomically, so an existing file is a finished shard, independent of the process
that wrote it. The space that the remaining shards need is estimated from the finished ones.
"""

import sys
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path

from vg_mc.errors import BadInputError
from vg_mc.prepared.build.plan import ShardTask
from vg_mc.prepared.build.publication import KEPT
from vg_mc.prepared.build.shards import draw_shard, is_drawn
from vg_mc.system.atomic import write_whole_text
from vg_mc.system.disk_space import free_bytes, in_megabytes
from vg_mc.system.progress import ProgressBar, progress_bar

STALLED_AFTER = 3600.0  # seconds without a new shard from any process
PAUSE = 0.2  # seconds between two checks of the files
REFUSED_BELOW = 0.5  # share of the estimated space; with less, the run would most likely fail
WARNED_BELOW = 1.5
FAILURE = "failed-process-{}.txt"  # written to the dataset's folder by a process that fails

# Draws the share of this process; yields the number of images after each shard.
Share = Callable[[Callable[[ShardTask], int], list[ShardTask], int], Generator[int]]


def draw_all(tasks: list[ShardTask], num_workers: int, share: Share) -> None:
    """Draw the missing shards, and wait for those of other processes.

    Raises:
        BadInputError: If an image is unusable, the disk has far too little space, or another
            process has failed or stalled.
    """
    missing = [task for task in tasks if not is_drawn(task)]
    for task in missing:
        task.path.unlink(missing_ok=True)  # from here on, an existing file is complete
    total = _images(tasks)
    with progress_bar(
        total=total, initial=total - _images(missing), description="drawing", unit="image"
    ) as progress:
        watch = _Watch(missing, progress)
        with closing(share(draw_shard, missing, num_workers)) as own:
            for _ in own:
                watch.look()
        while watch.left:
            watch.look()
            time.sleep(PAUSE if watch.left else 0)


def report_failure(task: ShardTask, rank: int, problem: str) -> None:
    """Write a note about the failure of process `rank` for the first process.

    The next run deletes the note.
    """
    write_whole_text(_dataset_of(task) / FAILURE.format(rank), problem)


class _Watch:
    """Progress of the shards of one run.

    Attributes:
        left: Unfinished shards.
    """

    def __init__(self, tasks: list[ShardTask], progress: ProgressBar) -> None:
        self.left = tasks
        self._finished: list[ShardTask] = []
        self._progress = progress
        self._check_at = 1  # number of finished shards at the next check of the disk space
        self._changed = time.monotonic()

    def look(self) -> None:
        """Update the progress with the shards that were finished since the last call.

        Raises:
            BadInputError: If another process has failed or stalled, or disk space is too low.
        """
        self._require_no_failure()
        seen = _written(self.left)
        if seen:
            self._changed = time.monotonic()
            self._progress.update(_images(seen))
            self._finished += seen
            self.left = [task for task in self.left if task not in seen]
            self._check_room()
        elif self.left:
            self._require_progress()

    def _check_room(self) -> None:
        if self.left and len(self._finished) >= self._check_at:
            self._check_at = 2 * len(self._finished)
            require_room(self._finished, self.left)

    def _require_no_failure(self) -> None:
        folder = _dataset_of(self.left[0]) if self.left else None
        for note in folder.glob(FAILURE.format("*")) if folder else ():
            raise BadInputError(note.read_text(encoding="utf-8"))

    def _require_progress(self) -> None:
        if time.monotonic() - self._changed > STALLED_AFTER:
            problem = f"no process finished a shard in the last {STALLED_AFTER / 60:.0f} minutes"
            raise BadInputError(f"{problem}; {KEPT}", file=self.left[0].path)


def require_room(finished: list[ShardTask], left: list[ShardTask]) -> None:
    """Compare the free disk space with an estimate for the remaining shards.

    The estimate assumes the mean size of finished shards. A warning is printed if less than 1.5
    times the estimate is free.

    Raises:
        BadInputError: If less than half of the estimate is free.
    """
    folder = left[0].path.parent
    needed = sum(map(_bytes, finished)) / _images(finished) * _images(left)
    free = free_bytes(folder)
    compared = f"the rest needs about {in_megabytes(needed)}, and {in_megabytes(free)} are free"
    if free < REFUSED_BELOW * needed:
        raise BadInputError(f"not enough disk space: {compared}; {KEPT}", file=folder)
    if free < WARNED_BELOW * needed:
        print(f"warning: {folder}: disk space may be too low: {compared}", file=sys.stderr)


def _written(tasks: list[ShardTask]) -> list[ShardTask]:
    """Return the tasks whose files all exist; each folder is listed once."""
    folders = {path.parent for task in tasks[:1] for path in task.paths}
    present = {path for folder in folders for path in folder.iterdir()}
    return [task for task in tasks if present.issuperset(task.paths)]


def _bytes(task: ShardTask) -> int:
    return sum(path.stat().st_size for path in task.paths)


def _images(tasks: Iterable[ShardTask]) -> int:
    return sum(len(task.photos) for task in tasks)


def _dataset_of(task: ShardTask) -> Path:
    return task.path.parents[1]
