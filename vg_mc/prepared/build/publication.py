"""Atomic publication of a prepared dataset, with resuming and a lock against concurrent writers.

A dataset is built in a hidden folder and renamed when it is complete.
"""

import contextlib
import glob
import json
import os
import platform
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vg_mc.errors import BadInputError
from vg_mc.prepared.manifest import FILE_NAME, file_hash
from vg_mc.system.atomic import put_in_place, restore, write_whole_text
from vg_mc.system.disk_space import full_disk_errors

PARTIAL_FILES = ".partial-*"  # left behind by `whole_file` if the process is killed

KEPT = "finished shards are kept: free disk space and run the same command again"

NAME_TRIALS = 20  # the holder of the lock writes its name slightly after acquiring the lock
SECONDS_BETWEEN = 0.1


@contextlib.contextmanager
def building(output: Path, settings: dict[str, object], *, overwrite: bool) -> Iterator[Path]:
    """Yield a folder to build `output` in, and publish it when the block succeeds.

    The folder contains the finished shards of an earlier run with the same settings; the work of
    a run with other settings is deleted. If the block fails or the process is killed at any time,
    the folder is kept for the next run, and an existing `output` is unchanged.

    Raises:
        BadInputError: If `output` exists without `overwrite`, or is not a prepared dataset, or
            another process is building it, or the disk is full.
    """
    output = output.resolve()
    partial = output.with_name(f".{output.name}.partial")
    output.parent.mkdir(parents=True, exist_ok=True)
    with full_disk_errors(output, KEPT), _only_one_writer(output):
        restore(output)
        require_free(output, overwrite=overwrite)
        _continue_or_clear(partial, settings)
        yield partial
        _write_state(partial, settings, finished=file_hash(partial / FILE_NAME))
        put_in_place(partial, output)
        _state_file(partial).unlink()


@contextlib.contextmanager
def _only_one_writer(output: Path) -> Iterator[None]:
    """Hold a lock that the system releases when the process ends, even if it is killed."""
    lock = output.with_name(f".{output.name}.lock")
    holder = lock.with_suffix(".holder")
    try:
        with FileLock(lock, timeout=0):
            write_whole_text(holder, f"process {os.getpid()} on {platform.node()}")
            try:
                yield
            finally:
                holder.unlink()
    except Timeout as error:
        writer = _name_of_holder(holder)
        problem = f"{writer} is writing to this dataset; wait for it or choose another --output"
        raise BadInputError(problem, file=output) from error


def _name_of_holder(holder: Path) -> str:
    """Return the name of the current writer; names of killed processes are ignored."""
    for _ in range(NAME_TRIALS):
        with contextlib.suppress(FileNotFoundError):
            name = holder.read_text()
            if _may_be_alive(name):
                return name
        time.sleep(SECONDS_BETWEEN)
    return "another process"


def _may_be_alive(name: str) -> bool:
    """Return False if a process of this machine has ended; True for processes of others."""
    process, _, machine = name.removeprefix("process ").partition(" on ")
    if machine != platform.node():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the process belongs to another user
        return True
    return True


def require_free(output: Path, *, overwrite: bool) -> None:
    """Check that `output` may be written or replaced.

    Raises:
        BadInputError: If it exists without `overwrite`, or is not a prepared dataset.
    """
    if output.exists() and not (output / FILE_NAME).is_file():
        problem = (
            "exists and is not a prepared dataset, so it is not replaced; choose another --output"
        )
        raise BadInputError(problem, file=output)
    if output.exists() and not overwrite:
        problem = "exists already; use --overwrite to replace it when the new one is complete"
        raise BadInputError(problem, file=output)


def _continue_or_clear(partial: Path, settings: dict[str, Any]) -> None:
    if partial.exists() and not _is_continued(partial, settings):
        shutil.rmtree(partial)
    partial.mkdir(exist_ok=True)
    notes = partial.parent.glob(f".{glob.escape(partial.stem)}{PARTIAL_FILES}")
    for unfinished in [*partial.rglob(f".*{PARTIAL_FILES}"), *notes]:
        unfinished.unlink()
    for path in partial.iterdir():
        if path.is_file():  # written after the tables, so it would be out of date
            path.unlink()
    _write_state(partial, settings, finished="")


def _is_continued(partial: Path, settings: dict[str, Any]) -> bool:
    """Return True if a folder is unfinished work with the same settings.

    It can also be the replaced dataset, if a process was killed between the exchange of both
    folders and the removal of the older one.
    """
    if not _state_file(partial).exists():
        return False
    state = json.loads(_state_file(partial).read_text())
    manifest = partial / FILE_NAME
    finished = state.get("finished")
    is_work = not finished or (manifest.is_file() and file_hash(manifest) == finished)
    return is_work and state.get("settings") == json.loads(json.dumps(settings))


def _write_state(partial: Path, settings: dict[str, Any], *, finished: str) -> None:
    """Write the settings of a folder, and the hash of its manifest when it is complete."""
    state = {"settings": settings, "finished": finished}
    write_whole_text(_state_file(partial), json.dumps(state, indent=2, sort_keys=True))


def _state_file(partial: Path) -> Path:
    return partial.with_suffix(".settings")
