"""What ``--grounder`` offers: each name, and how it is built when it is asked for.

A grounder is added by a function here that imports its class, and a line in `GROUNDERS`. That of
pictures is apart: evaluate.py builds it for the views of a dataset, predict for what it draws.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vg_mc.commands.accelerating import workers_of
from vg_mc.commands.word_grounders import captions_by, pseudo_query, subject_match
from vg_mc.faults import BadInputError
from vg_mc.records import TRAIN_SPLIT

if TYPE_CHECKING:
    from accelerate import Accelerator

    from vg_mc.commands.evaluate import EvaluateConfig  # which imports this module
    from vg_mc.commands.predict import PredictConfig  # likewise
    from vg_mc.grounders.encoder import EncoderScorer
    from vg_mc.grounders.pseudo_query import Describer
    from vg_mc.grounders.scorer import Scorer
    from vg_mc.prepared.dataset import PreparedDataset
    from vg_mc.processes import Processes


PICTURES = "clip"  # the grounder that looks at pictures by a model


class Answerer(NamedTuple):
    """One row of the table, before anything is loaded.

    Attributes:
        grounder: Its name in `GROUNDERS`.
        model: What `--model` says, empty for a grounder that takes none.
        name: How tables call it.
    """

    grounder: str
    model: str
    name: str


class Request(NamedTuple):
    """What a grounder may be built from.

    Attributes:
        config: The flags.
        processes: Who shares the work, and where it is done.
        model: What `--model` says, empty for a grounder that takes none.
        image_size: Of the pictures beside the texts; None where no model has to take them.
        views: Names of what is drawn of each candidate.
        corpus: Returns the texts that say how rare words are.
        captions: Returns what a captioner says of candidates, and facts about it; None where
            colour and category are to describe them.
    """

    config: "EvaluateConfig | PredictConfig"
    processes: "Processes"
    model: str
    image_size: int | None
    views: Collection[str]
    corpus: Callable[[], list[str]]
    captions: Callable[[], tuple["Describer", dict[str, str]]] | None = None


def answerers(
    grounders: Sequence[str], models: Sequence[str], captioner: str | None = None
) -> list[Answerer]:
    """Return one answerer per grounder, for a grounder with a model one per model.

    Raises:
        BadInputError: If a name is unknown or comes twice, or models are missing or of no use, or
            the captioner is.
    """
    from vg_mc.encoders.loading import check_sees_pictures

    for name in grounders:
        if name not in (PICTURES, *GROUNDERS):
            known = ", ".join((PICTURES, *GROUNDERS))
            problem = f"no grounder is called {name!r}; there are {known}"
            raise BadInputError(problem, record="--grounder")
        if grounders.count(name) > 1:
            raise BadInputError(f"the grounder {name!r} is named twice", record="--grounder")
        if name in WITH_MODEL and not models:
            raise BadInputError(f"the grounder {name} needs --model", record="--grounder")
        if name == PICTURES:
            for model in models:
                check_sees_pictures(model)
    if models and not WITH_MODEL.intersection(grounders):
        problem = f"it is for the grounder {' or '.join(sorted(WITH_MODEL))}, which is not asked"
        raise BadInputError(problem, record="--model")
    if captioner is not None and not DESCRIBING.intersection(grounders):
        problem = f"it is for the grounder {' or '.join(sorted(DESCRIBING))}, which is not asked"
        raise BadInputError(problem, record="--captioner")
    return [
        Answerer(name, model, _shown_name(name, model, captioner))
        for name in grounders
        for model in (models if name in WITH_MODEL else ("",))
    ]


def _shown_name(grounder: str, model: str, captioner: str | None) -> str:
    from vg_mc.encoders.loading import SENTENCE

    name = short_name(model.removeprefix(SENTENCE)) if model else ""
    if grounder == PICTURES:
        return name
    describing = short_name(captioner) if captioner and grounder in DESCRIBING else ""
    return ", ".join(part for part in (grounder, name, describing) if part)


def short_name(model: str) -> str:
    """Return what tables call `model`: a folder by its name, a run's best model by the run's."""
    if not Path(model).is_dir():
        return model
    folder = Path(model).resolve()
    return folder.parent.name if folder.name == "best" and folder.parent.name else folder.name


def scorer_of(
    config: "EvaluateConfig",
    accelerator: "Accelerator",
    dataset: "PreparedDataset",
    answerer: Answerer,
) -> "Scorer":
    """Build what answers the expressions of a prepared dataset."""
    if answerer.grounder == PICTURES:
        return _picture_scorer(config, accelerator, dataset, answerer.model)

    def texts_of_corpus() -> list[str]:
        """Return the texts of the split train, or of what is asked where there is none."""
        splits = (TRAIN_SPLIT,) if TRAIN_SPLIT in dataset.splits else config.split
        return [text for split in splits for text in dataset.expressions(split).texts]

    captions = None
    if config.captioner is not None:
        captions = partial(captions_by, config.captioner, config, accelerator, dataset)
    request = Request(
        config,
        accelerator,
        answerer.model,
        dataset.image_size,
        dataset.views,
        texts_of_corpus,
        captions,
    )
    return GROUNDERS[answerer.grounder](request)


def _picture_scorer(
    config: "EvaluateConfig", accelerator: "Accelerator", dataset: "PreparedDataset", model: str
) -> "EncoderScorer":
    """Build the grounder that looks at the pictures of a prepared dataset by a model."""
    from vg_mc.encoders.identity import model_hash
    from vg_mc.encoders.loading import load_encoder
    from vg_mc.features import FeatureBank
    from vg_mc.grounders.encoder import EncoderScorer
    from vg_mc.grounders.wordings import subjects_for

    encoder = load_encoder(model, image_size=dataset.image_size).to(accelerator.device)
    identity, bank = model_hash(encoder, config.mixed_precision), None
    if config.features is not None:
        bank = FeatureBank(config.features, model_hash=identity, data_hash=dataset.data_hash)
    first = next(iter(dataset.views))
    return EncoderScorer(
        accelerator=accelerator,
        encoder=encoder,
        facts=_facts_of_clip(config, dataset, model) | {"model hash": identity},
        batch_size=config.batch_size,
        num_workers=workers_of(config.num_workers, accelerator),
        mirrored=config.flip,
        bank=bank,
        views=[None if view == first else view for view in config.views or (first,)],
        prompts=config.prompts,
        subject_of=subjects_for(config.prompts, config.spacy_model),
        combine=config.combine,
        captions=config.subtract,
        seed=config.seed,
    )


def check_looks(config: "EvaluateConfig", dataset: "PreparedDataset") -> None:
    """Refuse views and wordings that make no sense, before anything is answered.

    Raises:
        BadInputError: Naming the first of them.
    """
    from vg_mc.grounders.wordings import check_prompts

    for view in config.views:
        dataset.picture_column(view)
    if len(set(config.views)) < len(config.views):
        problem = f"expected each once, not {', '.join(config.views)}"
        raise BadInputError(problem, record="--views")
    check_prompts(config.prompts)
    if config.subtract < 0:
        raise BadInputError(f"expected 0 or more, not {config.subtract}", record="--subtract")
    if config.captioner is not None and config.caption_view not in dataset.views:
        problem = (
            f"the captioner is to describe the view {config.caption_view!r}, which this dataset "
            f"lacks; there are {', '.join(dataset.views)}"
        )
        raise BadInputError(problem, file=dataset.folder, record="--caption-view")


def _facts_of_clip(
    config: "EvaluateConfig", dataset: "PreparedDataset", model: str
) -> dict[str, str]:
    from vg_mc.prepared.manifest import spelled

    views = config.views or tuple(dataset.views)[:1]
    facts = {
        "model": model,
        "precision": "fp32" if config.mixed_precision == "no" else config.mixed_precision,
        "views": "; ".join(f"{view}: {spelled(dataset.views[view])}" for view in views),
        "flip": "mirrored, left and right swapped in the texts" if config.flip else "no",
        "prompts": "; ".join(config.prompts),
    }
    if len(views) * len(config.prompts) > 1:
        facts["combined"] = f"{config.combine} of the logits of all views in all wordings"
    if config.subtract:
        facts["subtracted"] = f"mean over {config.subtract} captions, seed {config.seed}"
    return facts


def _biggest_box(_: Request) -> "Scorer":
    from vg_mc.grounders.baselines import BiggestBox

    return BiggestBox()


def _most_confident(_: Request) -> "Scorer":
    from vg_mc.grounders.baselines import MostConfident

    return MostConfident()


def _random(request: Request) -> "Scorer":
    from vg_mc.grounders.baselines import RandomChoice

    return RandomChoice(request.config.seed)


GROUNDERS: dict[str, Callable[[Request], "Scorer"]] = {
    "biggest-box": _biggest_box,
    "most-confident": _most_confident,
    "random": _random,
    "subject-match": subject_match,
    "subject-match-model": subject_match,
    "pseudo-query": pseudo_query,
    "pseudo-query-model": pseudo_query,
}
# One answerer for each --model.
WITH_MODEL = frozenset({"clip", "subject-match-model", "pseudo-query-model"})
# Those that put candidates in words.
DESCRIBING = frozenset({"pseudo-query", "pseudo-query-model"})
