"""The annotated boxes of a photo as its proposals."""

import numpy as np
from numpy.typing import NDArray

from vg_mc.records import Photo, Proposal


class AnnotationProposer:
    """Proposes all annotated regions, crowds included, in the order of the annotation file.

    This is what the published systems train on, and what they call ground-truth proposals when
    they evaluate. Every region scores 1, so the order of the file is the order of the proposals.
    """

    name = "annotations"

    def __init__(self, annotations: dict[int, list[Proposal]]) -> None:
        """Take the annotations of a corpus, by image id."""
        self._annotations = annotations

    def propose(
        self,
        photos: list[Photo],
        pixels: list[NDArray[np.uint8]],  # noqa: ARG002 - one signature for all proposers
    ) -> list[list[Proposal]]:
        """Return the annotated regions of each photo; the pixels are not looked at."""
        return [list(self._annotations.get(photo.image_id, [])) for photo in photos]
