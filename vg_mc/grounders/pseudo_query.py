"""The grounders ``pseudo-query`` and ``pseudo-query-model``: compare captions with the expression.

Each candidate is described by category, color and place, or by a captioning model, and the one
whose caption is most similar to the expression is chosen. Pseudo-Q
(https://arxiv.org/abs/2203.08481) generates similar queries as training data. The similarity is
computed between texts only.
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

COLOUR_VIEW = "crop"  # a marker would change the color of the object
THING = "thing"  # stands for an unknown category
PART = 256  # candidate images decoded at a time

# Similarity of each of N texts to its own B_i captions: N arrays (B_i,). One call for all texts
# lets a model encode them in batches.
TextSimilarity = Callable[[Sequence[str], Sequence[Sequence[str]]], Sequence[NDArray[np.floating]]]
# Returns a description of each of N candidates, without its place.
Describer: TypeAlias = Callable[["PreparedDataset", Ids], Sequence[str]]


@dataclass(frozen=True)
class PseudoQueryOptions:
    """Options of the grounders pseudo-query and pseudo-query-model."""

    captioner: str | None = None
    """Captioning model of transformers that describes candidates for pseudo-query in place of color
    and category: a hub id (owner/name or owner/name@revision) or a folder."""

    caption_view: str = "crop"
    """View of the dataset that the captioning model describes."""


def colour_and_category(dataset: "PreparedDataset", candidate_ids: Ids) -> list[str]:
    """Describe candidates by color and category, for example "red car".

    The color is that of the view `COLOUR_VIEW`; it is omitted if the dataset lacks this view.
    """
    colours, names = _colours(dataset, candidate_ids), dataset.candidate_categories(candidate_ids)
    return [f"{colour} {name or THING}" for colour, name in zip(colours, names, strict=True)]


@dataclass(frozen=True, kw_only=True)
class PseudoQuery:
    """Chooses the candidate whose caption is most similar to the expression.

    The logits are negated ranks.

    Attributes:
        similarity: Computes the similarity of texts and captions.
        describe: Returns the first part of each caption, to which the place is appended.
        name: Name in result tables.
        facts: Description for reports.
    """

    similarity: TextSimilarity
    describe: Describer = colour_and_category
    name: str = "pseudo-query"
    facts: Mapping[str, str] = field(default_factory=dict)

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:
        """Return the negated ranks of each expression's candidates, shape (C,).

        The detector's confidence breaks ties of the similarity.
        """
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
    """Return the caption of each candidate by its id, for example "red car on the left".

    The place always follows from the box, since a crop does not show it.
    """
    photos = dataset.photos()
    ids, first = np.unique(joined(expressions.candidate_ids), return_index=True)
    lengths = [len(each) for each in expressions.candidate_ids]
    sizes = [
        (photos[image_id].width, photos[image_id].height)
        for image_id in np.repeat(expressions.image_ids, lengths)[first].tolist()
    ]
    phrases = places(dataset.boxes(ids), np.array(sizes).reshape(-1, 2))
    described = zip(ids.tolist(), describe(dataset, ids), phrases, strict=True)
    return {one: f"{text.rstrip(' .')} {place}".strip() for one, text, place in described}


def places(
    boxes: Boxes,
    photo_sizes: NDArray[np.int64],  # (C, 2), width and height
) -> list[str]:
    """Describe the place of each box by the horizontal and vertical third of its center.

    Args:
        boxes: Boxes of shape (C, 4) in pixels.
        photo_sizes: Size of the image of each box.

    Returns:
        C phrases such as "on the top left".
    """
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
            f"unknown view {options.caption_view!r} for the captioner; "
            f"available: {', '.join(context.views)}"
        )
        raise BadInputError(problem, record="--caption-view")


def _build(options: PseudoQueryOptions, context: Context) -> PseudoQuery:
    """Build the grounder with the similarity of words, or of the text features of a model."""
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
    """Return the function that describes candidates, and its description for reports."""
    if options.captioner is not None:
        return _captions_by(options.captioner, present_name(options.caption_view), context)
    coloured = COLOUR_VIEW in context.views
    captions = "colour, category and place" if coloured else "category and place"
    return colour_and_category, {"captions": captions}


def _captions_by(name: str, view: str, context: Context) -> tuple[Describer, dict[str, str]]:
    """Return the captions of a captioning model, and its description for reports."""
    from vg_mc.models.captioner import load_captioner
    from vg_mc.models.features.cache import caption_cache
    from vg_mc.models.features.captions import Captions
    from vg_mc.models.features.identity import model_hash
    from vg_mc.prepared.manifest import format_properties

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
        "captioned view": f"{view}: {format_properties(context.views[view])}",
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
