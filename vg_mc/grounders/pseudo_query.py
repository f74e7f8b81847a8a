"""Each candidate is described in words, and the description most like the expression wins.

The idea of Pseudo-Q (https://arxiv.org/abs/2203.08481) turned round: it makes queries of category,
attribute and place to train with, here they are compared with the expression. No picture meets a
text; a picture only lends its colour, or is put in words by a captioner.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.grounders.clip import joined
from vg_mc.grounders.protocol import Logits, logits_in_order
from vg_mc.images.colors import main_colour
from vg_mc.prepared.dataset import Expressions, PreparedDataset

COLOUR_VIEW = "crop"  # markers would paint their own colour over the thing's
THING = "thing"  # what the detector has no name for
PART = 256  # pictures that are decoded at a time

Ids = NDArray[np.int64]
# How alike each of N texts and its own B_i captions are: N arrays (B_i,). All are asked at once,
# since a model reads many texts faster together than one after the other.
TextSimilarity = Callable[[Sequence[str], Sequence[Sequence[str]]], Sequence[NDArray[np.floating]]]
# What each of N candidates is, wherever it is.
Describer = Callable[[PreparedDataset, Ids], Sequence[str]]


def colour_and_category(dataset: PreparedDataset, candidate_ids: Ids) -> list[str]:
    """Describe candidates by two words: "red car".

    The colour is that of the view `COLOUR_VIEW`, and left out where the dataset lacks it.
    """
    colours, names = _colours(dataset, candidate_ids), dataset.candidate_categories(candidate_ids)
    return [f"{colour} {name or THING}" for colour, name in zip(colours, names, strict=True)]


@dataclass(frozen=True, kw_only=True)
class PseudoQuery:
    """Chooses the candidate whose caption is most like the expression; logits are minus ranks.

    Attributes:
        similarity: How alike texts are.
        describe: What captions say of a candidate before they say where it is.
        name: How result tables call it.
        facts: What a reader of the numbers should know of it.
    """

    similarity: TextSimilarity
    describe: Describer = colour_and_category
    name: str = "pseudo-query"
    facts: Mapping[str, str] = field(default_factory=dict)

    def logits(self, dataset: PreparedDataset, expressions: Expressions) -> list[Logits]:
        """Return minus the ranks of each expression's candidates; equals by confidence."""
        captions = captions_of(dataset, expressions, self.describe)
        known = [[captions[one] for one in ids.tolist()] for ids in expressions.candidate_ids]
        alike = self.similarity(expressions.texts, known)
        return [
            logits_in_order(similar, dataset.scores(ids))
            for similar, ids in zip(alike, expressions.candidate_ids, strict=True)
        ]


def captions_of(
    dataset: PreparedDataset, expressions: Expressions, describe: Describer
) -> dict[int, str]:
    """Caption all candidates of `expressions`, by candidate id: "red car on the left".

    The place is told by the box, whoever describes the rest: no crop of a region shows it.
    """
    photos = dataset.photos()
    ids, first = np.unique(joined(expressions.candidate_ids), return_index=True)
    lengths = [len(each) for each in expressions.candidate_ids]
    sizes = [
        (photos[image_id].width, photos[image_id].height)
        for image_id in np.repeat(expressions.image_ids, lengths)[first].tolist()
    ]
    told = places(dataset.boxes(ids), np.array(sizes).reshape(-1, 2))
    described = zip(ids.tolist(), describe(dataset, ids), told, strict=True)
    return {one: f"{text.rstrip(' .')} {place}".strip() for one, text, place in described}


def places(
    boxes: Boxes,
    photo_sizes: NDArray[np.int64],  # (C, 2), width and height
) -> list[str]:
    """Say in which third of its photo, across and down, the centre of each box (C, 4) lies."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 / photo_sizes
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
    return [
        main_colour(picture)
        for start in range(0, len(candidate_ids), PART)
        for picture in dataset.pictures(candidate_ids[start : start + PART], COLOUR_VIEW)
    ]
