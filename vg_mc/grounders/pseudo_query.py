"""Each candidate is described in words, and the description most like the expression wins.

The idea of Pseudo-Q (https://arxiv.org/abs/2203.08481) turned round: it makes queries of category,
attribute and place to train with, here they are compared with the expression. No picture meets a
text; a picture only lends its colour, or is put in words by a captioner.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.errors import BadInputError
from vg_mc.grounders.protocol import Ids, Logits, joined, logits_in_order
from vg_mc.grounders.registration import Context, Registration
from vg_mc.images import present_name
from vg_mc.images.colors import main_colour
from vg_mc.text.overlap import WordOverlap

if TYPE_CHECKING:
    from vg_mc.prepared.dataset import Expressions, PreparedDataset

COLOUR_VIEW = "crop"  # markers would paint their own colour over the thing's
THING = "thing"  # what the detector has no name for
PART = 256  # pictures that are decoded at a time

# How alike each of N texts and its own B_i captions are: N arrays (B_i,). All are asked at once,
# since a model reads many texts faster together than one after the other.
TextSimilarity = Callable[[Sequence[str], Sequence[Sequence[str]]], Sequence[NDArray[np.floating]]]
# What each of N candidates is, wherever it is.
Describer: TypeAlias = Callable[["PreparedDataset", Ids], Sequence[str]]


@dataclass(frozen=True)
class PseudoQueryOptions:
    """How the grounders pseudo-query and pseudo-query-model describe candidates."""

    captioner: str | None = None
    """What describes candidates for pseudo-query, instead of colour and category: a captioner of
    transformers, by its hub id (owner/name, or owner/name@revision) or its folder."""

    caption_view: str = "crop"
    """View of the dataset that the captioner describes."""


def colour_and_category(dataset: "PreparedDataset", candidate_ids: Ids) -> list[str]:
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

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:
        """Return minus the ranks of each expression's candidates; equals by confidence."""
        captions = captions_of(dataset, expressions, self.describe)
        known = [[captions[one] for one in ids.tolist()] for ids in expressions.candidate_ids]
        alike = self.similarity(expressions.texts, known)
        return [
            logits_in_order(similar, dataset.scores(ids))
            for similar, ids in zip(alike, expressions.candidate_ids, strict=True)
        ]


def captions_of(
    dataset: "PreparedDataset", expressions: "Expressions", describe: Describer
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


def _colours(dataset: "PreparedDataset", candidate_ids: Ids) -> list[str]:
    if COLOUR_VIEW not in dataset.views:
        return [""] * len(candidate_ids)
    return [
        main_colour(picture)
        for start in range(0, len(candidate_ids), PART)
        for picture in dataset.pictures(candidate_ids[start : start + PART], COLOUR_VIEW)
    ]


def _check(options: PseudoQueryOptions, context: Context) -> None:
    if options.captioner is not None and present_name(options.caption_view) not in context.views:
        problem = (
            f"the captioner is to describe the view {options.caption_view!r}, which is not "
            f"available; there are {', '.join(context.views)}"
        )
        raise BadInputError(problem, record="--caption-view")


def _build(options: PseudoQueryOptions, context: Context) -> PseudoQuery:
    """Compare captions with expressions by their words or by the texts of a model."""
    similarity: TextSimilarity
    if context.model:
        compared = f"cosine of the text features of {context.model}"
        similarity = context.text_features().similarities
    else:
        similarity = WordOverlap(context.corpus())
        compared = "F1 of words, weighted by how rare they are"
    describe, described = _describer(options, context)
    facts = {"grounder": "pseudo-query", **described, "expression and caption": compared}
    return PseudoQuery(similarity=similarity, describe=describe, facts=facts)


def _describer(options: PseudoQueryOptions, context: Context) -> tuple[Describer, dict[str, str]]:
    """Return what captions say of a candidate, and what a reader should know of it."""
    if options.captioner is not None:
        return _captions_by(options.captioner, present_name(options.caption_view), context)
    coloured = COLOUR_VIEW in context.views
    captions = "colour, category and place" if coloured else "category and place"
    return colour_and_category, {"captions": captions}


def _captions_by(name: str, view: str, context: Context) -> tuple[Describer, dict[str, str]]:
    """Return what a captioner says of candidates, and facts about it."""
    from vg_mc.models.captioner import load_captioner
    from vg_mc.models.features.cache import caption_cache
    from vg_mc.models.features.captions import Captions
    from vg_mc.models.features.identity import model_hash
    from vg_mc.prepared.manifest import spelled

    captioner = load_captioner(name).to(context.processes.device)
    identity, cache = model_hash(captioner, context.precision), None
    if context.features is not None:
        cache = caption_cache(
            context.features, model_hash=identity, data_hash=context.data_hash, view=view
        )
    captions = Captions(
        accelerator=context.processes,
        captioner=captioner,
        batch_size=context.batch_size,
        num_workers=context.num_workers,
        view=view,
        cache=cache,
    )
    facts = {
        "captions": "the captioner's, then the place",
        "captioner": name,
        "captioner hash": identity,
        "captioned view": f"{view}: {spelled(context.views[view])}",
    }
    return captions, facts


def _detail(options: PseudoQueryOptions) -> str:
    return options.captioner or ""


PSEUDO_QUERY = (
    Registration(
        name="pseudo-query",
        options=PseudoQueryOptions,
        build=_build,
        check=_check,
        detail=_detail,
    ),
    Registration(
        name="pseudo-query-model",
        options=PseudoQueryOptions,
        build=_build,
        model="texts",
        check=_check,
        detail=_detail,
    ),
)
