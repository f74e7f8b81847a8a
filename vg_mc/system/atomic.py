"""A file appears under its name only when it is complete: no reader ever meets half of one.

A folder takes the place of another one at once: at every moment one of them is there, whole.

A rename replaces a file, but never a folder that holds anything. Linux can exchange two names in
one step. Elsewhere, and on file systems that cannot (NFS), the older folder steps aside first; a
run that is killed between the two renames leaves it there, and `restore` brings it back.
"""

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a name to write to, which becomes `path` when the block ends well.

    Folders on the way are made. A block that fails leaves an older file of that name as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The ending stays, since writers choose the format by it.
    partial = path.with_name(f".{path.stem}.partial-{os.getpid()}{path.suffix}")
    try:
        yield partial
        _force_to_disk(partial)  # else a power cut leaves the new name with no content
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_whole_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with plain line ends, the same bytes on every system."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


# Of Linux's fcntl.h and fs.h.
RELATIVE_TO_WORKING_FOLDER = -100
EXCHANGE = 2

CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to write to, which becomes `folder` when the block ends well.

    What a killed process has left of it is thrown away.
    """
    restore(folder)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    for path in partial.rglob("*"):
        _force_to_disk(path)
    put_in_place(partial, folder)


def put_in_place(new: Path, folder: Path) -> None:
    """Rename the folder `new` to `folder`, and delete what was there.

    Both are on one file system. A process that is killed may leave the older folder under the name
    `new`, or under a name of its own, where `restore` finds it.
    """
    if not folder.exists():
        new.rename(folder)
        _force_to_disk(folder.parent)
        return
    if _exchange(new, folder):
        replaced = new
    else:
        replaced = _aside(folder)
        folder.rename(replaced)
        new.rename(folder)
    _force_to_disk(folder.parent)
    replaced.rename(_discarded(folder))  # half of it must never be taken for all of it
    shutil.rmtree(_discarded(folder))


def restore(folder: Path) -> None:
    """Bring `folder` back where it stepped aside for one that never came, and clear the rest.

    To be called before `put_in_place`, by whoever alone may write.
    """
    aside = _aside(folder)
    if aside.exists() and not folder.exists():
        aside.rename(folder)
    for rest in (aside, _discarded(folder)):
        shutil.rmtree(rest, ignore_errors=True)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.replaced")


def _discarded(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.discarded")


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; return False where that cannot be done."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if _is_linux() else None
    if rename is None:
        return False
    here = RELATIVE_TO_WORKING_FOLDER
    if rename(here, os.fsencode(one), here, os.fsencode(other), EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number not in CANNOT:
        raise OSError(number, os.strerror(number), str(one), None, str(other))
    return False


def _is_linux() -> bool:
    return sys.platform == "linux"


def _force_to_disk(path: Path) -> None:
    """Write a file, or the names in a folder, to disk, so that they outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
