"""``python -m benchmarks.kills``: kill, crowd and starve preparations; print Markdown tables."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.kills.disks import table_of_disks
from benchmarks.kills.jobs import Job
from benchmarks.kills.killing import table_of_kills
from benchmarks.kills.writers import table_of_writers
from vg_mc.commands.config import parse_config


@dataclass(frozen=True)
class KillsConfig:
    """Try faults of processes and disks on prepare_data.py, and print what it makes of them."""

    kills: int = 50
    """Runs to kill."""

    pairs: int = 20
    """Pairs of runs to start on one output."""

    sizes: int = 10
    """Sizes of disks that are too small; root only, as each of them is mounted."""

    photos: int = 200
    """Training scenes of the corpus that is prepared; a tenth as many in each other split."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    config = parse_config(KillsConfig, argv)
    with TemporaryDirectory(prefix="vg_mc-kills-") as scratch:
        folder = Path(scratch)
        model = Job(folder / "scenes", folder / "out", workers=2, photos=config.photos)
        expected = replace(model, output=folder / "expected").finish()
        if config.kills:
            table = table_of_kills(model, expected, folder, kills=config.kills)
            print(f"\n## Killed jobs\n\n{table}", flush=True)
        if config.pairs:
            table = table_of_writers(model, expected, folder, pairs=config.pairs)
            print(f"\n## Two writers\n\n{table}", flush=True)
        if config.sizes and os.geteuid() == 0:
            table = table_of_disks(model, expected, folder, sizes=config.sizes)
            print(f"\n## Full disks\n\n{table}", flush=True)


if __name__ == "__main__":
    main()
