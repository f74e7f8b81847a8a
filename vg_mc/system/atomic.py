"""Atomic writes of files and folders.

A file appears under its name only when it is complete. A folder replaces another one in one step,
so that at every moment one of the two is complete.

A rename replaces a file, but not a folder that is not empty. Linux can exchange two names in one
step. On other systems and on file systems without that feature (NFS), the older folder is renamed
first. If the process is killed between the two renames, `restore` brings the older folder back.
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
    """Yield a temporary name to write to, which is renamed to `path` at the end of the block.

    Missing folders are created. If the block raises, an older file of that name remains unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix is kept, since writers choose the format by it.
    partial = path.with_name(f".{path.stem}.partial-{os.getpid()}{path.suffix}")
    try:
        yield partial
        _force_to_disk(partial)  # otherwise a power cut can leave an empty file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_whole_text(path: Path, text: str) -> None:
    r"""Write `text` as UTF-8 with ``\n`` line ends, the same bytes on every system."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


# From Linux's fcntl.h and fs.h.
RELATIVE_TO_WORKING_FOLDER = -100
EXCHANGE = 2

CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder to write to, which becomes `folder` at the end of the block.

    The remains of a killed process are deleted.
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
    """Rename the folder `new` to `folder` and delete the one that was there.

    Both must be on one file system. A killed process can leave the older folder under the name
    `new` or under a hidden name, where `restore` finds it.
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
    replaced.rename(_discarded(folder))  # a partly deleted folder must not keep a valid name
    shutil.rmtree(_discarded(folder))


def restore(folder: Path) -> None:
    """Bring back an older `folder` whose replacement did not complete, and delete other remains.

    Must be called before `put_in_place`, by the only writer.
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
    """Exchange two names in one step; return False if that is not supported."""
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
    """Flush a file, or the entries of a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
