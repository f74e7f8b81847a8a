"""Preparation on disks that are too small, mounted in memory; requires root."""

import subprocess
from dataclasses import replace
from pathlib import Path

from tabulate import tabulate

from benchmarks.kills.jobs import OLDER, Job, shards, whole
from vg_mc.commands.error_output import BAD_INPUT

OTHER_FILES = 200_000  # bytes for the lock, metadata and page alignment


def table_of_disks(model: Job, expected: str, folder: Path, *, sizes: int) -> str:
    """Run jobs like `model` on disks with a share of the required space, then on larger ones."""
    finished = replace(model, output=folder / "sized")
    finished.finish()
    needed = _size(finished.output)
    small = folder / "small"
    small.mkdir()
    rows = [
        _on_disk(replace(model, output=small / "out"), expected, needed, (number + 0.5) / sizes)
        for number in range(sizes)
    ]
    headings = ["share of required space", "end of the run", "message", "older", "with more space"]
    return tabulate(rows, headings, tablefmt="github")


def _on_disk(job: Job, expected: str, needed: int, share: float) -> list[str]:
    disk = job.output.parent
    _mount(disk, 100 * needed)
    try:
        older = replace(job, color=OLDER).finish()
        _mount(disk, int(_size(job.output) + share * needed) + OTHER_FILES, again=True)
        again = replace(job, overwrite=True)
        with again.start() as process:
            _, errors = process.communicate()
        assert process.returncode == BAD_INPUT, errors
        (line,) = (line for line in errors.splitlines() if line.startswith("error: "))
        assert "Traceback" not in errors
        untouched = whole(job.output) == older
        begun = len(shards(job.unfinished))
        _mount(disk, 100 * needed, again=True)
        resumed = again.finish() == expected
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    said = line.removeprefix("error: ").split(": ", 1)[1].partition(";")[0]
    return [
        f"{share:.0%}",
        f"{begun} shards done",
        said,
        "whole" if untouched else "LOST",
        "same hash" if resumed else "OTHER HASH",
    ]


def _mount(disk: Path, size: int, *, again: bool = False) -> None:
    options = f"{'remount,' if again else ''}size={size}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], check=True)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
