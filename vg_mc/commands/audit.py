"""``python -m vg_mc audit``: what prepared datasets share that they should not."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError


@dataclass(frozen=True)
class AuditConfig:
    """Look for photos, sentences and detectors that make an evaluation easier than it looks."""

    datasets: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Prepared datasets, all those that a model is to learn from or to be scored on."""

    output: Path | None = None
    """Folder for audit.json, and for fair_photos.txt: the photos that a detector may be trained on
    without seeing a photo that is asked about."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(AuditConfig, argv))


def run(config: AuditConfig) -> None:
    """Print what was found, and write it where wanted.

    Raises:
        BadInputError: If no dataset is named, or one cannot be opened.
    """
    from vg_mc.prepared.auditing import fair_photos, names_of, parts_of, sharings
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.prepared.detector_exposure import exposure
    from vg_mc.reports.tables.audit import audit_text, write_audit

    if not config.datasets:
        raise BadInputError("expected the folder of a prepared dataset, or of several")
    datasets = [open_prepared(folder) for folder in config.datasets]
    parts = parts_of(datasets)
    shared = sharings(parts)
    exposures = dict(zip(names_of(datasets), map(exposure, datasets), strict=True))
    fair = fair_photos(parts)
    print(audit_text(parts, shared, exposures, fair))
    if config.output is not None:
        write_audit(parts, shared, exposures, fair, config.output)
