"""A sheet of random records of a prepared dataset, to look at before anything is trained."""

import io
from collections.abc import Callable
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.errors import BadInputError
from vg_mc.metrics import is_right
from vg_mc.prepared.dataset import Expressions, PreparedDataset
from vg_mc.records import Photo
from vg_mc.reports.pages.page import candidate_figure, embedded, image, page, term
from vg_mc.reports.plots import plot_distributions
from vg_mc.system.atomic import write_whole_text

MOST_CANDIDATES = 8  # per record, those with the highest IoU
LONGER_SIDE = 480  # of a photo on the sheet
FRAME = (255, 200, 0)

OpenPhoto = Callable[[Photo], Image.Image]

_BODY = """<dl>{counts}</dl>
{plots}
<h2>Records</h2>
<p>{legend}</p>
<main>
{articles}
</main>"""


def random_rows(expressions: int, wanted: int, seed: int) -> list[int]:
    """Choose records; the same seed chooses the same of them."""
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
    """Write a page with the records that `rows` names, and plots of the whole split.

    Args:
        dataset: Where the records are.
        split: The split that they are of.
        rows: Positions in the split.
        open_photo: Decodes a photo; None where no photos are at hand.
        file: The page to write.
    """
    expressions, photos = dataset.expressions(split), dataset.photos()
    shown = "\n".join(
        _article(dataset, expressions, row, photos[int(expressions.image_ids[row])], open_photo)
        for row in rows
    )
    plots = image(embedded(plot_distributions(expressions), "png"), "histograms of the split")
    body = _BODY.format(
        counts=_counts(dataset, split),
        plots=f'<p class="plots">{plots}</p>',
        legend=_legend(expressions, rows, with_photos=open_photo is not None),
        articles=shown,
    )
    write_whole_text(file, page(f"{dataset.manifest['corpus']}, {split}", body))


def _counts(dataset: PreparedDataset, split: str) -> str:
    counts = dataset.manifest.get("counts", {}).get(split, {})
    facts = {name.replace("_", " "): f"{value:,.4g}" for name, value in counts.items()}
    facts |= {"data hash": dataset.data_hash[:16]}
    return "".join(term(*fact) for fact in facts.items())


def _legend(expressions: Expressions, rows: list[int], *, with_photos: bool) -> str:
    photos = "The photo shows the target in yellow. " if with_photos else ""
    return (
        f"{len(rows):,} of {len(expressions):,} records, chosen at random. {photos}Candidates are "
        f"as a model sees them, up to {MOST_CANDIDATES} with the highest IoU with the target, "
        "which stands below; a green frame says that choosing it is right."
    )


def _article(
    dataset: PreparedDataset,
    expressions: Expressions,
    row: int,
    photo: Photo,
    open_photo: OpenPhoto | None,
) -> str:
    ious = expressions.ious[row]
    kind = "right" if is_right(ious).any() else "not-covered"
    picture = "" if open_photo is None else _photo(photo, expressions.targets[row], open_photo)
    return (
        f'<article class="{kind}"><p dir="auto">{escape(expressions.texts[row])}</p>'
        f"<p><small>{escape(_remark(expressions, row, photo))}</small></p>{picture}"
        f'<div class="candidates">{_figures(dataset, expressions, row)}</div></article>'
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


def _figures(dataset: PreparedDataset, expressions: Expressions, row: int) -> str:
    ious = expressions.ious[row]
    best = np.argsort(-ious, kind="stable")[:MOST_CANDIDATES]
    ids = expressions.candidate_ids[row][best]
    figures = [
        candidate_figure(
            embedded(picture, "jpeg"), f"{category} {iou:.2f}".strip(), fits=bool(is_right(iou))
        )
        for picture, category, iou in zip(
            dataset.picture_bytes(ids), dataset.candidate_categories(ids), ious[best], strict=True
        )
    ]
    return "".join(figures) or "<em>no proposals</em>"


def _photo(photo: Photo, target: NDArray[np.float64], open_photo: OpenPhoto) -> str:
    try:
        opened = open_photo(photo)
    except BadInputError as error:
        return f"<p><em>{escape(error.problem)}</em></p>"
    share = min(1.0, LONGER_SIDE / max(opened.size))
    small = opened.resize([max(1, round(side * share)) for side in opened.size])
    encoded = io.BytesIO()
    _framed(small, target * share).save(encoded, "JPEG", quality=85)
    address = embedded(encoded.getvalue(), "jpeg")
    return f"<p>{image(address, 'the photo with its target framed')}</p>"


def _framed(picture: Image.Image, box: Boxes) -> Image.Image:
    left, top, right, bottom = box.tolist()
    last = (max(left, right - 1), max(top, bottom - 1))  # PIL counts the last pixel in
    ImageDraw.Draw(picture).rectangle(((left, top), last), outline=FRAME, width=3)
    return picture
