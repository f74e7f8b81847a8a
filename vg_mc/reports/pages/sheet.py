"""The HTML page of random records of a prepared dataset, for inspection before training."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vg_mc.boxes.transforms import Affine
from vg_mc.errors import BadInputError
from vg_mc.images.markers import draw_frame
from vg_mc.metrics import is_right
from vg_mc.prepared.dataset import Expressions, PreparedDataset
from vg_mc.records import Photo
from vg_mc.reports.pages.page import embedded, inside, render_page
from vg_mc.reports.plots import plot_distributions
from vg_mc.system.atomic import write_whole_text

MOST_CANDIDATES = 8  # per record, those with the highest IoU
LONGER_SIDE = 480  # of an image on the page, in pixels
FRAME = (255, 200, 0)

OpenPhoto = Callable[[Photo], Image.Image]


class Candidate(NamedTuple):
    """A candidate of a record as it is shown on the page."""

    address: str
    caption: str
    fits: bool


@dataclass(frozen=True, slots=True)
class Record:
    """An expression of the dataset as it is shown on the page.

    Attributes:
        covered: Whether a candidate is a correct answer.
        photo: URL of the image with its target framed, empty if it is not shown.
        problem: Reason why the image cannot be shown.
    """

    text: str
    remark: str
    covered: bool
    photo: str
    problem: str
    candidates: Sequence[Candidate]


def random_rows(expressions: int, wanted: int, seed: int) -> list[int]:
    """Sample up to `wanted` rows without replacement; the result depends only on `seed`."""
    generator = np.random.default_rng(seed)
    chosen = generator.choice(expressions, size=min(wanted, expressions), replace=False)
    return sorted(chosen.tolist())


def write_sheet(
    dataset: PreparedDataset,
    split: str,
    rows: list[int],
    open_photo: OpenPhoto | None,
    file: Path,
) -> None:
    """Write a page with the records in `rows` and histograms of the whole split.

    Args:
        dataset: The prepared dataset.
        split: Name of the split.
        rows: Positions in the split.
        open_photo: Decodes an image; None if the images are not available.
        file: Path of the page.
    """
    expressions, photos = dataset.expressions(split), dataset.photos()
    records = [
        _record(dataset, expressions, row, photos[int(expressions.image_ids[row])], open_photo)
        for row in rows
    ]
    page = render_page(
        "sheet.html.j2",
        f"{dataset.manifest['corpus']}, {split}",
        counts=_counts(dataset, split),
        plots=embedded(plot_distributions(expressions), "png"),
        records=records,
        expressions=len(expressions),
        with_photos=open_photo is not None,
        most_candidates=MOST_CANDIDATES,
    )
    write_whole_text(file, page)


def _counts(dataset: PreparedDataset, split: str) -> dict[str, str]:
    counts = dataset.manifest.get("counts", {}).get(split, {})
    facts = {name.replace("_", " "): f"{value:,.4g}" for name, value in counts.items()}
    return facts | {"data hash": dataset.data_hash[:16]}


def _record(
    dataset: PreparedDataset,
    expressions: Expressions,
    row: int,
    photo: Photo,
    open_photo: OpenPhoto | None,
) -> Record:
    shown, problem = "", ""
    if open_photo is not None:
        try:
            shown = _framed_photo(open_photo(photo), photo, expressions.targets[row])
        except BadInputError as error:
            problem = error.problem
    return Record(
        text=expressions.texts[row],
        remark=_remark(expressions, row, photo),
        covered=bool(is_right(expressions.ious[row]).any()),
        photo=shown,
        problem=problem,
        candidates=_candidates(dataset, expressions, row),
    )


def _remark(expressions: Expressions, row: int, photo: Photo) -> str:
    target = ", ".join(f"{edge:g}" for edge in expressions.targets[row].round(1))
    parts = [
        f"expression {expressions.expression_ids[row]}",
        f"image {photo.image_id} ({photo.file_name}, {photo.width} x {photo.height})",
        f"target {expressions.categories[row]} ({target})".replace("  ", " "),
        f"{len(expressions.candidate_ids[row])} candidates",
    ]
    return ", ".join(parts)


def _candidates(dataset: PreparedDataset, expressions: Expressions, row: int) -> list[Candidate]:
    ious = expressions.ious[row]
    best = np.argsort(-ious, kind="stable")[:MOST_CANDIDATES]
    ids = expressions.candidate_ids[row][best]
    shown = zip(
        dataset.picture_bytes(ids), dataset.candidate_categories(ids), ious[best], strict=True
    )
    return [
        Candidate(inside(picture), f"{category} {iou:.2f}".strip(), bool(is_right(iou)))
        for picture, category, iou in shown
    ]


def _framed_photo(opened: Image.Image, photo: Photo, target: NDArray[np.float64]) -> str:
    """Return a data URL of an image with its target framed; the image may be opened downscaled."""
    share = min(1.0, LONGER_SIDE / max(opened.size))
    small = opened.resize([max(1, round(side * share)) for side in opened.size])
    placed = Affine.between((photo.width, photo.height), small.size).forward(target[None])[0]
    left, top, right, bottom = placed.tolist()
    draw_frame(small, (left, top, right, bottom), FRAME, 3)
    encoded = io.BytesIO()
    small.save(encoded, "JPEG", quality=85)
    return inside(encoded.getvalue())
