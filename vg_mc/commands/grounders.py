"""What ``evaluate.py --grounder`` offers: each name, and how it is built when it is asked for.

A grounder is added by a function here that imports its class, and a line in `GROUNDERS`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vg_mc.commands.accelerating import workers_of
from vg_mc.commands.word_grounders import pseudo_query, subject_match
from vg_mc.faults import BadInputError

if TYPE_CHECKING:
    from accelerate import Accelerator

    from vg_mc.commands.evaluate import EvaluateConfig  # which imports this module
    from vg_mc.grounders.scorer import Scorer
    from vg_mc.prepared.dataset import PreparedDataset


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
    """What a grounder may be built from."""

    config: "EvaluateConfig"
    accelerator: "Accelerator"
    dataset: "PreparedDataset"
    model: str


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
        if name not in GROUNDERS:
            problem = f"no grounder is called {name!r}; there are {', '.join(GROUNDERS)}"
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


def _clip(request: Request) -> "Scorer":
    from vg_mc.encoders.identity import model_hash
    from vg_mc.encoders.loading import load_encoder
    from vg_mc.features import FeatureBank
    from vg_mc.grounders.encoder import SUBJECT, EncoderScorer

    config, accelerator, dataset, model = request
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
        subject_of=_subject_of(config) if SUBJECT in "".join(config.prompts) else str,
        combine=config.combine,
        captions=config.subtract,
        seed=config.seed,
    )


def _subject_of(config: "EvaluateConfig") -> Callable[[str], str]:
    """Return what finds the subject of an expression, or takes all of it where no noun is."""
    from vg_mc.phrases.subjects import SubjectFinder

    finder = SubjectFinder(config.spacy_model)

    def subject_of(text: str) -> str:
        subject = finder.subjects([text])[0]
        return text if subject is None else subject.phrase

    return subject_of


def check_looks(config: "EvaluateConfig", dataset: "PreparedDataset") -> None:
    """Refuse views and wordings that make no sense, before anything is answered.

    Raises:
        BadInputError: Naming the first of them.
    """
    from vg_mc.grounders.encoder import PLACE, SUBJECT

    for view in config.views:
        dataset.picture_column(view)
    for flag, values in (("--views", config.views), ("--prompts", config.prompts)):
        if len(set(values)) < len(values):
            raise BadInputError(f"expected each once, not {', '.join(values)}", record=flag)
    if not config.prompts:
        raise BadInputError("expected one or several", record="--prompts")
    for prompt in config.prompts:
        if prompt.count(PLACE) + prompt.count(SUBJECT) != 1:
            problem = (
                f"expected {PLACE} once, where the expression stands, or {SUBJECT} for its subject "
                f"alone, not {prompt!r}"
            )
            raise BadInputError(problem, record="--prompts")
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
    PICTURES: _clip,
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
