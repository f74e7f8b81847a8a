"""The proposer ``stored``: detections from a file, see `vg_mc.proposers.detection_formats`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vg_mc.proposers.registration import Kind, require_file, selection_settings


@dataclass(frozen=True)
class StoredOptions:
    """Options of the proposer stored."""

    proposals: Path | None = None
    """File of detections for the proposer stored, in the format of MAttNet, COCO results, ReCLIP,
    CPT, refer, transformers' pipeline, or a Parquet file of vg_mc; images are identified by image
    id or by file name."""


def _check(options: StoredOptions) -> None:
    require_file(options.proposals, "stored", "--proposals")


def _configure(options: StoredOptions) -> dict[str, Any]:
    return {"source": options.proposals}


STORED = Kind(
    name="stored",
    summary="detections in a file",
    options=StoredOptions,
    check=_check,
    configure=_configure,
    known=lambda _, image: image.stored,
    settings=selection_settings,
    trained=True,
    reads_file=True,
)
