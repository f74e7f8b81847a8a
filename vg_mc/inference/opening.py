"""Images of questions, decoded in one frame, and a check of all of them before a long run."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from vg_mc.errors import BadInputError
from vg_mc.images.opening import PECULIARITIES, ImageLike, opened_image, peculiarities_of, rgb_of
from vg_mc.inference.queries import Question
from vg_mc.records import Orientation, Photo

_LAST_NUMBER = re.compile(r"(\d{1,18})$")  # COCO_train2014_000000581857 has the image id 581857
NO_ID = -1


class OpenedImage(NamedTuple):
    """The record of an image, its RGB pixels, and the names of its `PECULIARITIES`."""

    photo: Photo
    image: Image.Image
    peculiarities: list[str]


def opened(image: ImageLike, orientation: Orientation) -> OpenedImage:
    """Decode an image in a frame.

    The image id is the number at the end of the file name, as in COCO, or -1, so that stored
    detections are found by image id or by file name.

    Raises:
        BadInputError: If the file does not exist or is not a valid image.
    """
    path = Path(image).resolve() if isinstance(image, (str, Path)) else None
    try:
        with opened_image(path or image) as source:
            peculiarities = peculiarities_of(source, orientation)
            rgb = rgb_of(source, orientation)
    except BadInputError as fault:
        named = None if path is None else Path(str(image))
        raise BadInputError(fault.problem, file=named) from fault
    if path is None:
        return OpenedImage(Photo(NO_ID, "", *rgb.size), rgb, peculiarities)
    found = _LAST_NUMBER.search(path.stem)
    image_id = int(found[1]) if found else NO_ID
    return OpenedImage(Photo(image_id, path.name, *rgb.size), rgb, peculiarities)


class Checked(NamedTuple):
    """Questions about readable images.

    Attributes:
        sizes: Width and height of each image in pixels.
        notes: Sentences about images that are skipped or unusual.
    """

    questions: list[Question]
    sizes: list[tuple[int, int]]
    notes: list[str]


def checked(questions: Sequence[Question], orientation: Orientation, *, skip_bad: bool) -> Checked:
    """Decode every image once, so that a damaged one does not end a run that has taken hours.

    Raises:
        BadInputError: If an image cannot be read and `skip_bad` is False, or none can.
    """
    kept: list[Question] = []
    sizes: list[tuple[int, int]] = []
    notes: list[str] = []
    counts: Counter[str] = Counter()
    for question in questions:
        try:
            _, image, peculiarities = opened(question.image, orientation)
        except BadInputError as fault:
            if not skip_bad or len(questions) == 1:
                raise
            notes.append(f"skipped: {fault}")
            continue
        kept.append(question)
        sizes.append(image.size)
        counts.update(peculiarities)
    if questions and not kept:
        raise BadInputError(f"no readable image; the first of {len(questions):,} {notes[0]}")
    notes += [
        f"{counts[name]:,} images: {name} ({how})"
        for name, how in PECULIARITIES.items()
        if counts[name]
    ]
    return Checked(kept, sizes, notes)
