"""The source ``caption``: captions of images or crops whose subject names a single detection.

CLIP-VG attaches a caption to every box of its subject's category. Here, by default, only captions
are kept whose subject is the one object of its kind in the image.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from vg_mc.corpora.pseudo_labels.labels import DetectedImage, DetectedObject, PseudoLabel
from vg_mc.corpora.pseudo_labels.words import PEOPLE
from vg_mc.system.options import AT_LEAST_1
from vg_mc.text.names import words_named
from vg_mc.text.subjects import Subject

NAME = "caption"
OF_IMAGE, OF_CROP = "image", "crop"

SubjectsOf = Callable[[Sequence[str]], list[Subject | None]]


@dataclass(frozen=True, slots=True)
class CaptionOptions:
    """Options of the source caption."""

    captions: Annotated[int, AT_LEAST_1] = 6
    """Largest number of captions of an image that become expressions, in their order."""

    keep_ambiguous: bool = False
    """Attach a caption to every object of its subject's category, as CLIP-VG does."""


class CaptionSource:
    """Attaches captions to the detections that their subjects name."""

    name = NAME

    def __init__(self, options: CaptionOptions, subjects_of: SubjectsOf) -> None:
        """Create a source.

        Args:
            options: Limits.
            subjects_of: Finds the subject of each text, such as `SubjectFinder.subjects`.
        """
        self.options = options
        self.subjects_of = subjects_of

    def labels(self, image: DetectedImage) -> list[PseudoLabel]:
        """Return up to `captions` labels of the image, captions of the whole image first."""
        return list(self._labels(image))[: self.options.captions]

    def _labels(self, image: DetectedImage) -> Iterator[PseudoLabel]:
        crops = [one for one in image.objects if one.caption is not None]
        texts = [*image.captions, *(str(one.caption) for one in crops)]
        subjects = self.subjects_of(texts)
        targets = [None] * len(image.captions) + crops
        for text, subject, target in zip(texts, subjects, targets, strict=True):
            if subject is None:
                continue
            named = _called(image.objects, subject)
            if target is not None and target not in named:
                continue
            if len(named) > 1 and not self.options.keep_ambiguous:
                continue
            rule = OF_IMAGE if target is None else OF_CROP
            for one in named if target is None else [target]:
                yield PseudoLabel(image.photo, text, one, NAME, rule, subject.phrase)


def _called(objects: Sequence[DetectedObject], subject: Subject) -> list[DetectedObject]:
    """Return the objects that the longest possible name denotes: a hot dog is not a dog."""
    counts = [_words(one, subject) for one in objects]
    most = max(counts, default=0)
    return [one for one, count in zip(objects, counts, strict=True) if count == most > 0]


def _words(item: DetectedObject, subject: Subject) -> int:
    kinds = (item.name, "person") if item.name in PEOPLE else (item.name,)
    return max(words_named(subject.names, kind) for kind in kinds)
