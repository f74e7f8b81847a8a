"""Free disk space, and errors for a full disk."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vg_mc.errors import BadInputError

FULL = {errno.ENOSPC, errno.EDQUOT}  # a full disk, an exceeded quota


def free_bytes(folder: Path) -> int:
    """Return the free bytes on the disk of `folder`, which need not exist yet."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free


def in_megabytes(size: float) -> str:
    """Format a number of bytes in MB."""
    return f"{size / 1e6:,.1f} MB"


@contextmanager
def full_disk_errors(folder: Path, advice: str) -> Iterator[None]:
    """Convert the error of a full disk to a `BadInputError` with folder, free space and `advice`.

    Raises:
        BadInputError: If the disk is full while the block runs.
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
