"""``python -m vg_mc detections``: export the detections of a prepared dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError


@dataclass(frozen=True)
class DetectionsConfig:
    """Write the detections of a prepared dataset to a file for --proposals.

    Preparing the same images with another view, size or corpus then needs no detector. For training
    images with annotated boxes, only the detections that were added as extra negatives are
    exported. Images are identified by image id or, in a corpus without ids, by file name.
    """

    dataset: Annotated[Path, tyro.conf.Positional]
    """Prepared dataset."""

    output: Path
    """The Parquet file to write."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(DetectionsConfig, argv))


def run(config: DetectionsConfig) -> None:
    """Write the file and print the number of detections.

    Raises:
        BadInputError: If the dataset does not exist or contains only annotated boxes.
    """
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.proposers.detection_table import write_detections

    dataset = open_prepared(config.dataset)
    found = dataset.detections()
    if not found:
        problem = (
            "expected detections, found only annotated boxes; prepare the dataset with --proposer "
            "yolo or another detector"
        )
        raise BadInputError(problem, file=config.dataset)
    if dataset.manifest.get("photos_without_id"):
        photos = dataset.photos()
        by_name = {photos[image_id].file_name: boxes for image_id, boxes in found.items()}
        write_detections(config.output, by_name)
    else:
        write_detections(config.output, found)
    total = sum(map(len, found.values()))
    print(f"{config.output}: {total:,} detections of {len(found):,} images")
