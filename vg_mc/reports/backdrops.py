"""What boxes are drawn on: the photo where it is at hand, else a picture of a candidate."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from vg_mc.faults import BadInputError
from vg_mc.fitting import place
from vg_mc.photos import open_photo, require_folder
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.reports.examples import Example

LONGER_SIDE = 560  # of a photo on a page, in pixels


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A JPEG file, and where it lies in pixels of the photo.

    Attributes:
        is_photo: Whether it is the photo itself, not a picture with a drawn candidate.
    """

    picture: bytes
    left: float
    top: float
    width: float
    height: float
    is_photo: bool


BackdropOf = Callable[[Example], Backdrop | None]


def no_backdrop(example: Example) -> None:
    """Stand in where neither photos nor a dataset are at hand."""


def backdrops(dataset: PreparedDataset, images: Path | None) -> BackdropOf:
    """Return how to find what the boxes of an example are drawn on.

    A photo that is missing or damaged is replaced by the picture of the best candidate, in which
    that candidate is marked; an example without candidates then has none.

    Args:
        dataset: Names the photos and says how they were fitted into pictures.
        images: Folder of the photos, None where it is not at hand.

    Raises:
        BadInputError: If there is no such folder.
    """
    if images is not None:
        require_folder(images)
    photos, settings = dataset.photos(), dataset.manifest["settings"]

    def find(example: Example) -> Backdrop | None:
        if images is not None:
            try:
                return _photo(open_photo(images, photos[example.image_id]))
            except BadInputError:
                pass  # the page says which examples show no photo
        return _candidate(example, dataset.image_size, settings["fit"])

    return find


def _photo(photo: Image.Image) -> Backdrop:
    width, height = photo.size
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
