"""Preparation jobs in separate sessions, and their files and processes."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from vg_mc.prepared.manifest import read_manifest
from vg_mc.prepared.verification import verify

ROOT = Path(__file__).parents[2]
NEWER = "red"  # colours of the marker, the only difference of the two datasets
OLDER = "blue"


@dataclass(frozen=True)
class Job:
    """One command line.

    Attributes:
        scenes: Folder of the corpus, created by the first job.
        output: Folder of the prepared dataset.
    """

    scenes: Path
    output: Path
    workers: int
    photos: int
    color: str = NEWER
    overwrite: bool = False

    def start(self) -> "subprocess.Popen[str]":
        """Start the job."""
        command = [sys.executable, str(ROOT / "prepare_data.py"), "--corpus", "scenes"]
        command += ["--annotations", str(self.scenes), "--output", str(self.output)]
        command += ["--num-workers", str(self.workers), "--scenes", str(self.photos)]
        command += ["--color", self.color, *(["--overwrite"] if self.overwrite else [])]
        return subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=ROOT,
        )

    def finish(self) -> str:
        """Run the job to completion, and return the hash of its dataset."""
        with self.start() as process:
            _, errors = process.communicate()
        assert process.returncode == 0, errors
        return whole(self.output)

    @property
    def unfinished(self) -> Path:
        """Folder in which the dataset is built."""
        return self.output.with_name(f".{self.output.name}.partial")


def shards(dataset: Path) -> list[Path]:
    """Return the shards of candidates of a finished or unfinished dataset."""
    return list((dataset / "candidates").glob("data-*.arrow"))


def identities(dataset: Path) -> dict[str, tuple[int, int]]:
    """Return inode and time of each shard of candidates, which change if it is drawn again."""
    found = [(path.name, path.stat()) for path in shards(dataset)]
    return {name: (status.st_ino, status.st_mtime_ns) for name, status in found}


def whole(dataset: Path) -> str:
    """Verify every byte of a dataset, and return its hash."""
    damages = list(verify(dataset))
    assert damages == [], damages
    return str(read_manifest(dataset)["data_hash"])


def living(session: int) -> list[int]:
    """Return the running processes of a session, as listed by Linux."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            # A name in brackets comes first, and may hold anything.
            state, _, _, owner = (process / "stat").read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(owner) == session and state != "Z" and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found
