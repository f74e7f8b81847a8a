"""SIGKILL at random moments, the state of the dataset afterwards, and the cost of resuming.

A moment is a number of finished shards plus some time, so that not all kills happen during the
start on a busy machine.
"""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, replace
from itertools import count, product
from pathlib import Path

import numpy as np
from tabulate import tabulate

from benchmarks.kills.jobs import OLDER, Job, identities, living, shards, whole

SEED = 0
SECONDS_TO_END = 2.0
SECONDS_BETWEEN_LOOKS = 0.002
MOST_SECONDS_MORE = 0.4  # about two shards, or all that comes after the last one


@dataclass(frozen=True)
class Outcome:
    """The state after a kill, and the result of the next run.

    Attributes:
        older: Whether the previous dataset was intact.
        newer: Whether the new dataset had replaced it.
        drawn: Number of finished shards.
        begun: Number of unfinished files.
        again: Number of finished shards that the next run has drawn again.
        orphans: Number of processes running two seconds later.
        equal: Whether the final hash is that of an uninterrupted run.
    """

    older: bool
    newer: bool
    drawn: int
    begun: int
    again: int
    orphans: int
    equal: bool


def table_of_kills(model: Job, newer: str, folder: Path, *, kills: int) -> str:
    """Kill `kills` runs like `model`, whose output has the hash `newer`, and count outcomes."""
    older = replace(model, output=folder / "older", color=OLDER)
    older_hash = older.finish()
    kinds = list(product((1, 2), (False, True), (False, True)))  # workers, overwrite, whole group
    found: dict[tuple[int, bool, bool], list[Outcome]] = {kind: [] for kind in kinds}
    most = len(shards(older.output))
    for number in range(kills):
        workers, overwrite, group = kinds[number % len(kinds)]
        place = folder / f"kill-{number}"
        job = replace(model, output=place / "out", workers=workers, overwrite=overwrite)
        before = older.output if overwrite else None
        sessions = (  # a run may end before it is killed; then another run gets another moment
            _killed(job, [SEED, number, trial], most, group=group, before=before)
            for trial in count()
        )
        session = next(session for session in sessions if session is not None)
        hashes = (older_hash if overwrite else None, newer)
        outcome = _outcome(job, session, hashes)
        found[workers, overwrite, group].append(outcome)
        shutil.rmtree(place)
        print(f"kill {number}: {workers} workers, {outcome}", flush=True)
    return counted(found)


def _killed(job: Job, key: list[int], most: int, *, group: bool, before: Path | None) -> int | None:
    """Kill a job that draws `most` shards; return its session, or None if it had already ended.

    The dataset `before`, if any, is placed at the output of the job.
    """
    shutil.rmtree(job.output.parent, ignore_errors=True)
    job.output.parent.mkdir()
    if before is not None:
        shutil.copytree(before, job.output)
    random = np.random.default_rng(key)
    wanted = random.integers(-1, most, endpoint=True)  # negative: during its start
    with job.start() as process:
        while len(shards(job.unfinished)) < wanted and process.poll() is None:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        try:
            process.wait(random.uniform(0, MOST_SECONDS_MORE))
        except subprocess.TimeoutExpired:
            (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
    return process.pid if process.returncode == -signal.SIGKILL else None


def _outcome(job: Job, session: int, hashes: tuple[str | None, str]) -> Outcome:
    time.sleep(SECONDS_TO_END)
    orphans = living(session)
    for orphan in orphans:
        os.kill(orphan, signal.SIGKILL)
    older, newer = hashes
    present = whole(job.output) if job.output.exists() else None
    drawn = {} if present == newer else identities(job.unfinished)
    begun = len(list(job.unfinished.glob("candidates/.data-*.partial-*")))
    final = present
    if present != newer:
        final = job.finish()
        assert {path.name for path in job.output.parent.iterdir()} == {"out", ".out.lock"}
    after = identities(job.output)
    return Outcome(
        older=present == older,
        newer=present == newer,
        drawn=len(drawn),
        begun=begun,
        again=sum(after[name] != identity for name, identity in drawn.items()),
        orphans=len(orphans),
        equal=final == newer and whole(job.output) == newer,
    )


def counted(found: dict[tuple[int, bool, bool], list[Outcome]]) -> str:
    """Return a table of outcomes by workers, previous dataset and killed processes."""
    rows = [
        [
            f"{workers}",
            "a dataset" if overwrite else "none",
            "all processes" if group else "the main process",
            len(outcomes),
            sum(one.older for one in outcomes),
            sum(one.newer for one in outcomes),
            len(outcomes) - sum(one.older or one.newer for one in outcomes),
            sum(one.drawn for one in outcomes),
            sum(one.again for one in outcomes),
            max((one.begun for one in outcomes), default=0),
            sum(one.orphans for one in outcomes),
            sum(one.equal for one in outcomes),
        ]
        for (workers, overwrite, group), outcomes in found.items()
    ]
    totals = [sum(row[column] for row in rows) for column in range(3, 12)]  # type: ignore[misc]
    totals[6] = max(int(row[9]) for row in rows)
    headings = [
        "workers", "previous dataset", "killed", "kills", "previous intact", "new in place",
        "anything else", "shards drawn", "drawn again", "at most unfinished", "orphans after 2 s",
        "same final hash",
    ]  # fmt: skip
    return tabulate([*rows, ["all", "", "", *totals]], headings, tablefmt="github")
