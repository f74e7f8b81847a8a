"""Check of all images of questions before a long run."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from vg_mc.errors import BadInputError
from vg_mc.images.opening import PECULIARITIES
from vg_mc.inference.opening import opened
from vg_mc.inference.queries import Question
from vg_mc.records import Orientation, Photo


class Checked(NamedTuple):
    """Questions about readable images.

    Attributes:
        photos: The record of each image.
        notes: Sentences about images that are skipped or unusual.
    """

    questions: list[Question]
    photos: list[Photo]
    notes: list[str]


def checked(questions: Sequence[Question], orientation: Orientation, *, skip_bad: bool) -> Checked:
    """Decode every image once, so that a damaged one does not end a run that has taken hours.

    Raises:
        BadInputError: If an image cannot be read and `skip_bad` is False, or none can.
    """
    kept: list[Question] = []
    photos: list[Photo] = []
    notes: list[str] = []
    counts: Counter[str] = Counter()
    for question in questions:
        try:
            photo, _, peculiarities = opened(question.image, orientation)
        except BadInputError as fault:
            if len(questions) == 1:
                raise
            if not skip_bad:
                problem = f"{fault.problem}; --on-error skip leaves it out"
                raise BadInputError(problem, file=fault.file) from fault
            notes.append(f"skipped: {fault}")
            continue
        kept.append(question)
        photos.append(photo)
        counts.update(peculiarities)
    if questions and not kept:
        raise BadInputError(f"no readable image; the first of {len(questions):,} {notes[0]}")
    notes += [
        f"{counts[name]:,} images: {name} ({how})"
        for name, how in PECULIARITIES.items()
        if counts[name]
    ]
    return Checked(kept, photos, notes)
