"""Nothing appears under its final name before it is complete."""

import contextlib
import json
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from vg_mc.faults import BadInputError
from vg_mc.prepared.manifest import FILE_NAME
from vg_mc.whole_files import write_whole_text

PARTIAL_FILES = ".*.partial-*"  # what `whole_file` leaves behind when it is killed


@contextlib.contextmanager
def building(output: Path, settings: dict[str, object], *, overwrite: bool) -> Iterator[Path]:
    """Yield the folder to build `output` in, and publish it when the block ends well.

    What an earlier run with the same settings had finished is still there; the work of a run with
    other settings is thrown away. A block that fails leaves the folder for the next run.

    Raises:
        BadInputError: If `output` exists and is not to be overwritten, or is no prepared dataset,
            or somebody else builds it.
    """
    output = output.resolve()
    partial = output.with_name(f".{output.name}.partial")
    output.parent.mkdir(parents=True, exist_ok=True)
    with _only_one_writer(output):
        _check_free(output, overwrite=overwrite)
        _continue_or_clear(partial, json.dumps(settings, indent=2, sort_keys=True))
        yield partial
        _publish(partial, output)
        _settings_file(partial).unlink()


@contextlib.contextmanager
def _only_one_writer(output: Path) -> Iterator[None]:
    lock = output.with_name(f".{output.name}.lock")
    holder = lock.with_suffix(".holder")
    try:
        with FileLock(lock, timeout=0):
            holder.write_text(f"process {os.getpid()} on {platform.node()}")
            try:
                yield
            finally:
                holder.unlink()
    except Timeout as error:
        who = holder.read_text() if holder.exists() else "another process"
        raise BadInputError(f"{who} is writing it at this moment", file=output) from error


def _check_free(output: Path, *, overwrite: bool) -> None:
    if output.exists() and not (output / FILE_NAME).is_file():
        problem = "something else than a prepared dataset is here; it is never overwritten"
        raise BadInputError(problem, file=output)
    if output.exists() and not overwrite:
        problem = "it exists already; --overwrite replaces it once the new one is complete"
        raise BadInputError(problem, file=output)


def _continue_or_clear(partial: Path, settings: str) -> None:
    described = _settings_file(partial)
    if partial.exists() and not (described.exists() and described.read_text() == settings):
        shutil.rmtree(partial)
    partial.mkdir(exist_ok=True)
    for unfinished in partial.rglob(PARTIAL_FILES):
        unfinished.unlink()
    write_whole_text(described, settings)


def _settings_file(partial: Path) -> Path:
    return partial.with_suffix(".settings")


def _publish(partial: Path, output: Path) -> None:
    """Move the finished folder to its name; an old one steps aside first and then goes."""
    replaced = output.with_name(f".{output.name}.replaced")
    shutil.rmtree(replaced, ignore_errors=True)
    if output.exists():
        output.rename(replaced)
    partial.rename(output)
    shutil.rmtree(replaced, ignore_errors=True)
