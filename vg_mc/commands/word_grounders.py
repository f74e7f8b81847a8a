"""How the grounders that compare words with words are built."""

from typing import TYPE_CHECKING

from vg_mc.commands.request import Request
from vg_mc.flags.evaluate import EvaluateConfig
from vg_mc.system.launch import batch_size_of, workers_of

if TYPE_CHECKING:
    from accelerate import Accelerator

    from vg_mc.grounders.protocol import Scorer
    from vg_mc.grounders.pseudo_query import Describer, TextSimilarity
    from vg_mc.models.features.extraction import TextFeatures
    from vg_mc.prepared.dataset import PreparedDataset

TEXTS_AT_ONCE = 256  # in a forward pass


def subject_match(request: Request) -> "Scorer":
    """Match subjects with categories by names, spaCy's vectors or the texts of a model."""
    from vg_mc.grounders.subject_match import SubjectMatch, cosine_by, same_name
    from vg_mc.text.subjects import SubjectFinder

    config = request.config
    finder = SubjectFinder(config.spacy_model)
    if request.model:
        similarity = cosine_by(_text_features(request).vectors)
        compared = f"cosine of the text features of {request.model}"
    elif config.text_similarity == "vectors":
        finder.vectors(["a cat"])  # refuses a model without any before anything is answered
        similarity = cosine_by(finder.vectors)
        kind = (
            "word vectors" if finder.has_vectors else "the tagger's features, for want of vectors"
        )
        compared = f"cosine of {kind}"
    else:
        similarity, compared = same_name, "same name or synonym"
    return SubjectMatch(
        finder=finder,
        similarity=similarity,
        place_words=config.place_words,
        facts={
            "grounder": "subject-match",
            "subjects": f"spaCy, {finder.model}",
            "subject and category": compared,
            "place words": "decide between equals" if config.place_words else "not read",
        },
    )


def pseudo_query(request: Request) -> "Scorer":
    """Compare captions with expressions by their words or by the texts of a model."""
    from vg_mc.grounders.pseudo_query import PseudoQuery
    from vg_mc.text.overlap import WordOverlap

    similarity: TextSimilarity
    if request.model:
        compared = f"cosine of the text features of {request.model}"
        similarity = _text_features(request).similarities
    else:
        similarity = WordOverlap(request.corpus())
        compared = "F1 of words, weighted by how rare they are"
    describe, facts = _describer(request)
    facts = {"grounder": "pseudo-query", **facts, "expression and caption": compared}
    return PseudoQuery(similarity=similarity, describe=describe, facts=facts)


def _describer(request: Request) -> tuple["Describer", dict[str, str]]:
    """Return what captions say of a candidate, and what a reader should know of it."""
    from vg_mc.grounders.pseudo_query import COLOUR_VIEW, colour_and_category

    if request.captions is not None:
        return request.captions()
    coloured = COLOUR_VIEW in request.views
    captions = "colour, category and place" if coloured else "category and place"
    return colour_and_category, {"captions": captions}


def captions_by(
    name: str, config: EvaluateConfig, accelerator: "Accelerator", dataset: "PreparedDataset"
) -> tuple["Describer", dict[str, str]]:
    """Return what a captioner says of the candidates of a dataset, and facts about it."""
    from vg_mc.models.captioner import load_captioner
    from vg_mc.models.features.cache import caption_cache
    from vg_mc.models.features.captions import Captions
    from vg_mc.models.features.identity import model_hash
    from vg_mc.prepared.manifest import spelled

    captioner = load_captioner(name).to(accelerator.device)
    identity, view, cache = (
        model_hash(captioner, config.mixed_precision),
        dataset.view_named(config.caption_view),
        None,
    )
    if config.features is not None:
        cache = caption_cache(
            config.features, model_hash=identity, data_hash=dataset.data_hash, view=view
        )
    captions = Captions(
        accelerator=accelerator,
        captioner=captioner,
        batch_size=batch_size_of(config.batch_size, accelerator),
        num_workers=workers_of(config.num_workers, accelerator),
        view=view,
        cache=cache,
    )
    facts = {
        "captions": "the captioner's, then the place",
        "captioner": name,
        "captioner hash": identity,
        "captioned view": f"{view}: {spelled(dataset.views[view])}",
    }
    return captions, facts


def _text_features(request: Request) -> "TextFeatures":
    from vg_mc.models.features.extraction import TextFeatures
    from vg_mc.models.loading import load_text_encoder

    encoder = load_text_encoder(request.model, image_size=request.image_size)
    device = request.processes.device
    return TextFeatures(request.processes, encoder.to(device), TEXTS_AT_ONCE)
