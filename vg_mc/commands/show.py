"""``python -m vg_mc show``: show random records of a prepared dataset on a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import tyro

from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError


@dataclass(frozen=True)
class ShowConfig:
    """Write a page of random records with their candidates, and plots of the whole split."""

    dataset: Annotated[Path, tyro.conf.Positional]
    """Prepared dataset."""

    output: Path | None = None
    """The page to write, an HTML file with embedded images. By default it is <dataset>-<split>.html
    beside the dataset."""

    split: str = "val"
    """Split to show."""

    images: Path | None = None
    """Folder of the source images, to show each with its target beside its candidates. By default
    those that the dataset stores, if any."""

    records: int = 24
    """Number of records to show."""

    seed: int = 0
    """Seed for the selection of records."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(ShowConfig, argv))


def run(config: ShowConfig) -> None:
    """Write the page and print its path.

    Raises:
        BadInputError: If the dataset, the split or an image does not exist.
    """
    from vg_mc.images.files import open_photo, require_photos
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.reports.pages.sheet import OpenPhoto, random_rows, write_sheet

    for name in ("records", "seed"):
        if getattr(config, name) < 0:
            problem = f"expected 0 or more, not {getattr(config, name)}"
            raise BadInputError(problem, record=f"--{name}")
    dataset = open_prepared(config.dataset)
    expressions = dataset.expressions(config.split)
    rows = random_rows(len(expressions), config.records, config.seed)
    opener: OpenPhoto | None = None
    if config.images is not None:
        photos = dataset.photos()
        shown = dict.fromkeys(expressions.image_ids[rows].tolist())
        folder = dataset.image_folder(config.images)
        require_photos(folder, [photos[image_id] for image_id in shown])
        opener = partial(open_photo, folder)
    elif dataset.whole_images is not None:
        opener = dataset.image
    place = config.dataset.resolve()
    output = config.output or place.with_name(f"{place.name}-{config.split}.html")
    write_sheet(dataset, config.split, rows, opener, output)
    print(f"{output}: {len(rows)} records of the split {config.split}")
