"""A file appears under its name only when it is complete: no reader ever meets half of one."""

import os
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
        with partial.open("rb") as written:
            os.fsync(written.fileno())  # else a power cut leaves the new name with no content
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_whole_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with plain line ends, the same bytes on every system."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
