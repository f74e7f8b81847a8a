"""Each candidate is described in words, and the description most like the expression wins.

The idea of Pseudo-Q (https://arxiv.org/abs/2203.08481) turned round: it makes queries of category,
attribute and place to train with, here they are compared with the expression. No picture meets a
text; a picture only lends its colour.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes import Boxes
from vg_mc.grounders.colours import main_colour
from vg_mc.grounders.ordering import logits_in_order
from vg_mc.grounders.scorer import Logits
from vg_mc.prepared.dataset import Expressions, PreparedDataset

COLOUR_VIEW = "crop"  # markers would paint their own colour over the thing's
THING = "thing"  # what the detector has no name for

Ids = NDArray[np.int64]
# How alike each of A texts and each of B captions are, (A, B).
TextSimilarity = Callable[[Sequence[str], Sequence[str]], NDArray[np.floating]]


@dataclass(frozen=True, kw_only=True)
class PseudoQuery:
    """Chooses the candidate whose caption is most like the expression; logits are minus ranks.

    Attributes:
        similarity: How alike texts are.
        name: How result tables call it.
        facts: What a reader of the numbers should know of it.
    """

    similarity: TextSimilarity
    name: str = "pseudo-query"
    facts: Mapping[str, str] = field(default_factory=dict)

    def logits(self, dataset: PreparedDataset, expressions: Expressions) -> list[Logits]:
        """Return minus the ranks of each expression's candidates; equals by confidence."""
        captions = captions_of(dataset, expressions)
        known = [[captions[one] for one in ids.tolist()] for ids in expressions.candidate_ids]
        asked = zip(expressions.texts, known, expressions.candidate_ids, strict=True)
        return [
            logits_in_order(self.similarity([text], words)[0], dataset.scores(ids))
            if words
            else np.empty(0, np.float32)
            for text, words, ids in asked
        ]


def captions_of(dataset: PreparedDataset, expressions: Expressions) -> dict[int, str]:
    """Describe all candidates of `expressions`, by candidate id: "red car on the left".

    The colour is that of the view `COLOUR_VIEW`, and left out where the dataset lacks it.
    """
    photos = dataset.photos()
    captions: dict[int, str] = {}
    rows = zip(expressions.image_ids.tolist(), expressions.candidate_ids, strict=True)
    for image_id, ids in rows:
        fresh = np.array([one for one in ids.tolist() if one not in captions], np.int64)
        size = (photos[image_id].width, photos[image_id].height)
        described = zip(
            fresh.tolist(),
            _colours(dataset, fresh),
            dataset.candidate_categories(fresh),
            places(dataset.boxes(fresh), size),
            strict=True,
        )
        for one, colour, category, place in described:
            captions[one] = f"{colour} {category or THING} {place}".strip()
    return captions


def places(boxes: Boxes, photo_size: tuple[float, float]) -> list[str]:
    """Say in which third of the photo, across and down, the centre of each box (C, 4) lies."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 / np.array(photo_size)
    thirds = np.clip((centres * 3).astype(int), 0, 2)
    return [_PLACES[down][across] for across, down in thirds.tolist()]


_PLACES = (
    ("on the top left", "at the top", "on the top right"),
    ("on the left", "in the middle", "on the right"),
    ("on the bottom left", "at the bottom", "on the bottom right"),
)


def _colours(dataset: PreparedDataset, candidate_ids: Ids) -> list[str]:
    if COLOUR_VIEW not in dataset.views:
        return [""] * len(candidate_ids)
    return [main_colour(picture) for picture in dataset.pictures(candidate_ids, COLOUR_VIEW)]
