"""``python -m vg_mc verify``: compare the files of a prepared dataset with its manifest."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError


@dataclass(frozen=True)
class VerifyConfig:
    """Read every byte of a prepared dataset and compare it with the manifest."""

    dataset: Annotated[Path, tyro.conf.Positional]
    """Prepared dataset."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(VerifyConfig, argv).dataset)


def run(folder: Path) -> None:
    """Print every changed file; if there is none, print what was checked.

    Raises:
        BadInputError: If a file was changed, is missing or is not in the manifest.
    """
    from vg_mc.prepared.manifest import parse_manifest
    from vg_mc.prepared.verification import entries, verify

    damages = 0
    for damages, damage in enumerate(verify(folder), start=1):  # noqa: B007 - counted, used below
        print(f"{damage.path}: {damage.problem}", flush=True)
    if damages:
        problem = f"{damages:,} files differ from the manifest; prepare the dataset again"
        raise BadInputError(problem, file=folder)
    manifest = parse_manifest(folder)
    size = sum(entry["bytes"] for entry in entries(manifest))
    print(
        f"{folder}: {len(entries(manifest)):,} files, {size / 1e6:,.1f} MB, match the manifest "
        f"(data hash {manifest['data_hash'][:16]})"
    )
