"""Nothing appears under its final name before it is complete."""

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

PARTIAL_FILES = ".partial-*"  # what `whole_file` leaves behind when it is killed

KEPT = "what is finished is kept: make room and run the same command again"

NAME_TRIALS = 20  # the one who has won writes its name a moment later, or lost it by a kill
SECONDS_BETWEEN = 0.1


@contextlib.contextmanager
def building(output: Path, settings: dict[str, object], *, overwrite: bool) -> Iterator[Path]:
    """Yield the folder to build `output` in, and publish it when the block ends well.

    What an earlier run with the same settings had finished is still there, below its folders; the
    work of a run with other settings is thrown away. A block that fails leaves the folder for the
    next run, and so does a process that is killed, at whatever moment: an older `output` stays.

    Raises:
        BadInputError: If `output` exists and is not to be overwritten, or is no prepared dataset,
            or somebody else builds it, or its disk is full.
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
    """Hold a lock that ends with the process, so that a killed one is never in the way."""
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
        problem = f"{_who_holds(holder)} is writing it at this moment"
        raise BadInputError(problem, file=output) from error


def _who_holds(holder: Path) -> str:
    """Return the name of the writer; one that no longer lives was not able to remove its own."""
    for _ in range(NAME_TRIALS):
        with contextlib.suppress(FileNotFoundError):
            name = holder.read_text()
            if _may_live(name):
                return name
        time.sleep(SECONDS_BETWEEN)
    return "another process"


def _may_live(name: str) -> bool:
    """Tell whether a process may still live; nothing is known about those of other machines."""
    process, _, machine = name.removeprefix("process ").partition(" on ")
    if machine != platform.node():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def require_free(output: Path, *, overwrite: bool) -> None:
    """Look whether `output` may be written, or replaced.

    Raises:
        BadInputError: If it exists and is not to be overwritten, or is no prepared dataset.
    """
    if output.exists() and not (output / FILE_NAME).is_file():
        problem = "something else than a prepared dataset is here; it is never overwritten"
        raise BadInputError(problem, file=output)
    if output.exists() and not overwrite:
        problem = "it exists already; --overwrite replaces it once the new one is complete"
        raise BadInputError(problem, file=output)


def _continue_or_clear(partial: Path, settings: dict[str, Any]) -> None:
    if partial.exists() and not _is_continued(partial, settings):
        shutil.rmtree(partial)
    partial.mkdir(exist_ok=True)
    notes = partial.parent.glob(f".{glob.escape(partial.stem)}{PARTIAL_FILES}")
    for unfinished in [*partial.rglob(f".*{PARTIAL_FILES}"), *notes]:
        unfinished.unlink()
    for path in partial.iterdir():
        if path.is_file():  # written after the tables; if it stayed, it would be taken for one
            path.unlink()
    _write_state(partial, settings, finished="")


def _is_continued(partial: Path, settings: dict[str, Any]) -> bool:
    """Tell whether a folder is work of these settings, and not what that work has replaced.

    A process may be killed in the moment between the exchange of both and the removal of the older.
    """
    if not _state_file(partial).exists():
        return False
    state = json.loads(_state_file(partial).read_text())
    manifest = partial / FILE_NAME
    finished = state.get("finished")
    is_work = not finished or (manifest.is_file() and file_hash(manifest) == finished)
    return is_work and state.get("settings") == json.loads(json.dumps(settings))


def _write_state(partial: Path, settings: dict[str, Any], *, finished: str) -> None:
    """Note beside a folder what is built in it and, once it is complete, the manifest's hash."""
    state = {"settings": settings, "finished": finished}
    write_whole_text(_state_file(partial), json.dumps(state, indent=2, sort_keys=True))


def _state_file(partial: Path) -> Path:
    return partial.with_suffix(".settings")
