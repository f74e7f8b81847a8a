"""Examples of answers: an expression, its highest-ranked candidates, and the verdict.

Boxes are drawn on the source image if it is available, and otherwise on a candidate image.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.boxes.transforms import place
from vg_mc.errors import BadInputError
from vg_mc.images.files import open_photo, require_folder
from vg_mc.metrics import is_right
from vg_mc.metrics.ranking import probabilities
from vg_mc.predictions import Choices, Outcomes, Predictions, outcomes
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.records import ImageFolder, Photo

SHOWN = 4

Ids = NDArray[np.int64]
PicturesOf = Callable[[Ids], list[bytes]]  # maps candidate ids to JPEG files


class Verdict(StrEnum):
    """Whether an answer is right, and whether a right answer was possible."""

    RIGHT = "right"
    WRONG = "wrong"
    NOT_COVERED = "not recalled"  # no candidate is correct, so every choice is wrong

    @property
    def mark(self) -> str:
        """The symbol shown before the verdict."""
        return {"right": "✓", "wrong": "✗", "not recalled": "∅"}[self.value]


@dataclass(frozen=True, slots=True)
class RankedCandidate:
    """A candidate as it is shown on a page.

    Attributes:
        picture: JPEG file of the candidate image, empty if it is not available.
        share: Softmax of its logit over all candidates of the expression.
        fits: Whether it is a correct answer.
    """

    picture: bytes
    share: float
    fits: bool

    @property
    def percentage(self) -> str:
        """The share as text, with as many decimals as in clip-refcoco's figures."""
        return f"{self.share:.2%}"


@dataclass(frozen=True, slots=True)
class Example:
    """One expression with its highest-ranked candidates, best first.

    Attributes:
        photo_size: Width and height of the image in pixels.
        target: The target box in pixels of the image, shape (4,).
        answer: The chosen or predicted box, shape (4,), or shape (0,) without an answer.
        answer_iou: IoU of the answer with the target, 0 without an answer.
        candidates: Number of candidates; None for a predicted box.
        rank_of_right: Rank of the best correct candidate or box, from 1; None if there is none.
    """

    expression_id: int
    image_id: int
    text: str
    photo_size: tuple[int, int]
    target: Boxes
    answer: Boxes
    answer_iou: float
    verdict: Verdict
    ranked: list[RankedCandidate]
    candidates: int | None
    rank_of_right: int | None


def no_pictures(candidate_ids: Ids) -> list[bytes]:
    """Return an empty file for every candidate; used if no dataset is available."""
    return [b""] * len(candidate_ids)


def verdicts(judged: Outcomes) -> list[Verdict]:
    """Return the verdict of every answer."""
    return [_verdict(judged, row) for row in range(len(judged))]


def spread_rows(predictions: Predictions, each: int) -> list[int]:
    """Select up to `each` rows per verdict, evenly spaced over the split."""
    judged = np.array(verdicts(outcomes(predictions)))
    rows: list[int] = []
    for verdict in Verdict:
        alike = np.flatnonzero(judged == verdict)
        spaced = np.linspace(0, len(alike) - 1, num=min(each, len(alike)))
        rows += alike[spaced.round().astype(np.int64)].tolist()
    return rows


def examples(
    predictions: Predictions, rows: Sequence[int], pictures_of: PicturesOf
) -> list[Example]:
    """Return the examples of `rows`."""
    judged = outcomes(predictions)
    return [_example(predictions, judged, row, pictures_of) for row in rows]


def _example(
    predictions: Predictions, judged: Outcomes, row: int, pictures_of: PicturesOf
) -> Example:
    asked, candidates, ranked = predictions.examples, judged.candidates, []
    if candidates is not None:
        ranked = _ranked(predictions.choices, is_right(candidates.ious[row]), row, pictures_of)
    width, height = asked.image_sizes[row]
    box = judged.boxes[row]
    return Example(
        expression_id=int(asked.expression_ids[row]),
        image_id=int(asked.image_ids[row]),
        text=asked.texts[row],
        photo_size=(int(width), int(height)),
        target=asked.targets[row],
        answer=box if np.isfinite(box).all() else np.empty(0),
        answer_iou=float(judged.ious[row]),
        verdict=_verdict(judged, row),
        ranked=ranked,
        candidates=None if candidates is None else int(candidates.counts[row]),
        rank_of_right=_rank_of_right(judged, row),
    )


def _ranked(
    choices: Choices, fits: NDArray[np.bool_], row: int, pictures_of: PicturesOf
) -> list[RankedCandidate]:
    logits = choices.logits[row]
    order = _ranking(logits)
    pictures = pictures_of(choices.candidate_ids[row][order[:SHOWN]])
    return [
        RankedCandidate(picture, float(share), bool(fit))
        for picture, share, fit in zip(
            pictures, probabilities(logits)[order], fits[order], strict=False
        )
    ]


def _rank_of_right(judged: Outcomes, row: int) -> int | None:
    if judged.ranks is None or not np.isfinite(judged.ranks[row]):
        return None
    return int(judged.ranks[row])


def _verdict(judged: Outcomes, row: int) -> Verdict:
    if judged.candidates is not None and not judged.candidates.covered[row]:
        return Verdict.NOT_COVERED
    return Verdict.RIGHT if judged.right[row] else Verdict.WRONG


def _ranking(logits: NDArray[np.float32]) -> Ids:
    """Return positions by descending logit; ties keep their order, as in the metrics."""
    return np.argsort(-logits, kind="stable")


LONGER_SIDE = 560  # longer side of an image on a page, in pixels


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A JPEG file and its position in pixels of the source image.

    Attributes:
        is_photo: Whether it is the source image, not a candidate image.
    """

    picture: bytes
    left: float
    top: float
    width: float
    height: float
    is_photo: bool


BackdropOf = Callable[[Example], Backdrop | None]


def no_backdrop(example: Example) -> None:
    """Return None; used if neither images nor a dataset are available."""


def backdrops(dataset: PreparedDataset, images: Path | None) -> BackdropOf:
    """Return a function that finds the image on which the boxes of an example are drawn.

    A missing or damaged image is replaced by the whole image of the dataset if it stores one, and
    otherwise by the candidate image of the best candidate, in which that candidate is marked. An
    example without candidates then has no backdrop.

    Args:
        dataset: Provides the file names of images and how they were resized.
        images: Folder of the images, or None if it is not available.

    Raises:
        BadInputError: If the folder does not exist.
    """
    photos, settings = dataset.photos(), dataset.manifest["settings"]
    of_file = (
        no_backdrop if images is None else photo_backdrops(photos, dataset.image_folder(images))
    )

    def find(example: Example) -> Backdrop | None:
        backdrop = of_file(example)
        if backdrop is not None:
            return backdrop  # the page marks examples without their image
        if dataset.whole_images is not None:
            return _photo(dataset.image(photos[example.image_id]), example.photo_size)
        return _candidate(example, dataset.image_size, settings["fit"])

    return find


def photo_backdrops(photos: Mapping[int, Photo], images: ImageFolder) -> BackdropOf:
    """Return a function that finds the source image of an example, if it is there and undamaged.

    Args:
        photos: Images by id.
        images: Their folder.

    Raises:
        BadInputError: If the folder does not exist.
    """
    require_folder(images)

    def find(example: Example) -> Backdrop | None:
        try:
            return _photo(open_photo(images, photos[example.image_id]), example.photo_size)
        except BadInputError:
            return None

    return find


def _photo(photo: Image.Image, size: tuple[int, int]) -> Backdrop:
    width, height = size
    photo.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    photo.save(encoded, "JPEG", quality=85)
    return Backdrop(encoded.getvalue(), 0, 0, width, height, is_photo=True)


def _candidate(example: Example, size: int, fit: str) -> Backdrop | None:
    if not example.ranked:
        return None
    placed = place(*example.photo_size, size, "letterbox" if fit == "letterbox" else "squash")
    (across, down), (left, top) = placed.scale, placed.offset
    picture = example.ranked[0].picture
    return Backdrop(picture, -left / across, -top / down, size / across, size / down, False)
