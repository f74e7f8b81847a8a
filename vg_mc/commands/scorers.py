"""From the flags of ``evaluate.py`` to what answers the expressions of a prepared dataset."""

from functools import partial
from typing import TYPE_CHECKING

from vg_mc.commands.grounders import GROUNDERS, PICTURES, Answerer
from vg_mc.commands.request import Request
from vg_mc.commands.word_grounders import captions_by
from vg_mc.errors import BadInputError
from vg_mc.flags.evaluate import EvaluateConfig
from vg_mc.images import present_name
from vg_mc.records import TRAIN_SPLIT
from vg_mc.system.launch import batch_size_of, workers_of

if TYPE_CHECKING:
    from accelerate import Accelerator

    from vg_mc.grounders.clip import EncoderScorer
    from vg_mc.grounders.protocol import Scorer
    from vg_mc.prepared.dataset import PreparedDataset


def scorer_of(
    config: EvaluateConfig,
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
    config: EvaluateConfig, accelerator: "Accelerator", dataset: "PreparedDataset", model: str
) -> "EncoderScorer":
    """Build the grounder that looks at the pictures of a prepared dataset by a model."""
    from vg_mc.grounders.clip import EncoderScorer
    from vg_mc.models.features.cache import FeatureBank
    from vg_mc.models.features.identity import model_hash
    from vg_mc.models.loading import load_encoder
    from vg_mc.text.prompts import subjects_for

    encoder = load_encoder(model, image_size=dataset.image_size).to(accelerator.device)
    identity, bank = model_hash(encoder, config.mixed_precision), None
    if config.features is not None:
        bank = FeatureBank(
            config.features,
            model_hash=identity,
            data_hash=dataset.data_hash,
            first_view=dataset.first_view,
        )
    return EncoderScorer(
        accelerator=accelerator,
        encoder=encoder,
        facts=_facts_of_clip(config, dataset, model) | {"model hash": identity},
        batch_size=batch_size_of(config.batch_size, accelerator),
        num_workers=workers_of(config.num_workers, accelerator),
        mirrored=config.flip,
        bank=bank,
        views=_views(config, dataset),
        prompts=config.prompts,
        subject_of=subjects_for(config.prompts, config.spacy_model),
        combine=config.combine,
        captions=config.subtract,
        seed=config.seed,
    )


def check_looks(config: EvaluateConfig, dataset: "PreparedDataset") -> None:
    """Refuse views and wordings that make no sense, before anything is answered.

    Raises:
        BadInputError: Naming the first of them.
    """
    from vg_mc.text.prompts import check_prompts

    views = _views(config, dataset)
    if len(set(views)) < len(views):
        problem = f"expected each once, not {', '.join(config.views)}"
        raise BadInputError(problem, record="--views")
    check_prompts(config.prompts)
    if config.subtract < 0:
        raise BadInputError(f"expected 0 or more, not {config.subtract}", record="--subtract")
    if config.captioner is not None and present_name(config.caption_view) not in dataset.views:
        problem = (
            f"the captioner is to describe the view {config.caption_view!r}, which this dataset "
            f"lacks; there are {', '.join(dataset.views)}"
        )
        raise BadInputError(problem, file=dataset.folder, record="--caption-view")


def _views(config: EvaluateConfig, dataset: "PreparedDataset") -> list[str]:
    """Return the names of the views to show, by default the first of the dataset."""
    return [dataset.view_named(name) for name in config.views or (dataset.first_view,)]


def _facts_of_clip(
    config: EvaluateConfig, dataset: "PreparedDataset", model: str
) -> dict[str, str]:
    from vg_mc.prepared.manifest import spelled

    views = _views(config, dataset)
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
