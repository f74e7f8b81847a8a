"""The command ``python -m benchmarks.kills``: kills, concurrent writers and full disks."""

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
    """Test prepare_data.py with killed processes, concurrent writers and full disks."""

    kills: int = 50
    """Number of runs to kill."""

    pairs: int = 20
    """Number of pairs of runs to start on the same output."""

    sizes: int = 10
    """Number of sizes of disks that are too small; requires root, to mount them."""

    photos: int = 200
    """Number of training scenes of the corpus; a tenth as many in each other split."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    config = parse_config(KillsConfig, argv)
    with TemporaryDirectory(prefix="vg_mc-kills-") as scratch:
        folder = Path(scratch)
        model = Job(folder / "scenes", folder / "out", workers=2, photos=config.photos)
        expected = replace(model, output=folder / "expected").finish()
        if config.kills:
            table = table_of_kills(model, expected, folder, kills=config.kills)
            print(f"\n## Killed preparation\n\n{table}", flush=True)
        if config.pairs:
            table = table_of_writers(model, expected, folder, pairs=config.pairs)
            print(f"\n## Concurrent writers\n\n{table}", flush=True)
        if config.sizes and os.geteuid() == 0:
            table = table_of_disks(model, expected, folder, sizes=config.sizes)
            print(f"\n## Full disks\n\n{table}", flush=True)


if __name__ == "__main__":
    main()
