"""``python -m vg_mc audit``: find data shared between prepared datasets and their splits."""

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
    """Find shared images, expressions and detectors that make an evaluation too optimistic."""

    datasets: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Prepared datasets: all those used for training and evaluation."""

    output: Path | None = None
    """Folder for audit.json and fair_photos.txt. The latter lists the training images that are in
    no evaluation split and look like no image there: a detector can be trained on them."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(AuditConfig, argv))


def run(config: AuditConfig) -> None:
    """Print the findings, and write them to the output folder if one is given.

    Raises:
        BadInputError: If no dataset is named, or one cannot be opened.
    """
    from vg_mc.prepared.auditing import audit, names_of
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.prepared.detector_exposure import exposure
    from vg_mc.reports.tables.audit import audit_text, write_audit

    if not config.datasets:
        raise BadInputError("expected the folders of one or more prepared datasets, found none")
    datasets = [open_prepared(folder) for folder in config.datasets]
    found = audit(datasets)
    exposures = dict(zip(names_of(datasets), map(exposure, datasets), strict=True))
    print(audit_text(found, exposures))
    if config.output is not None:
        write_audit(found, exposures, config.output)
