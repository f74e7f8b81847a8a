"""Room on a disk, and what we say when there is none left."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vg_mc.errors import BadInputError

FULL = {errno.ENOSPC, errno.EDQUOT}  # the disk, or what a user may have of it


def free_bytes(folder: Path) -> int:
    """Return how much may still be written to the disk of `folder`, which need not exist yet."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free


def in_megabytes(size: float) -> str:
    """Spell a number of bytes for people."""
    return f"{size / 1e6:,.1f} MB"


@contextmanager
def told_when_full(folder: Path, advice: str) -> Iterator[None]:
    """Give a full disk its place: the system's own error names none.

    Raises:
        BadInputError: If the block finds no room for what it writes.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        left = in_megabytes(free_bytes(folder))
        raise BadInputError(
            f"no space left on its disk ({left} are free); {advice}", file=folder
        ) from (error)
