"""Content-addressed files: named by the hash of their bytes, never changed, verified when read.

Several runs can write to one folder at once, since equal contents are the same file. Partial files
of a killed run are ignored.
"""

import hashlib
import re
import sys
from collections.abc import Collection
from pathlib import Path

from vg_mc.system.atomic import whole_file

_HASH = re.compile(r"[0-9a-f]{64}")


def write_hashed(folder: Path, content: bytes | memoryview, suffix: str) -> str:
    """Write a file with a suffix such as ``.npy`` to a folder; return its name."""
    name = f"{hashlib.sha256(content).hexdigest()}{suffix}"
    with whole_file(folder / name) as partial:
        partial.write_bytes(content)
    return name


def verified_files(folder: Path, suffix: str, known: Collection[str] = ()) -> list[str]:
    """Return the names of the intact files in the folder; remove damaged ones with a notice.

    Args:
        folder: It need not exist.
        suffix: Files with other suffixes are ignored.
        known: Names of files that were verified before and are not read again.
    """
    names = []
    for path in sorted(folder.glob(f"*{suffix}")):
        if _HASH.fullmatch(path.stem) is None:
            continue
        if path.name in known or _hash_of(path) == path.stem:
            names.append(path.name)
        else:
            print(f"note: {path} is damaged; it is removed and computed again", file=sys.stderr)
            path.unlink(missing_ok=True)
    return names


def _hash_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
