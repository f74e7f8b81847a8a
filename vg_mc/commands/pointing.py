"""From the flags of ``python -m vg_mc predict`` to what finds candidates and what answers."""

import sys
import warnings
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from vg_mc.commands.grounders import GROUNDERS, PICTURES, answerers
from vg_mc.commands.prepare_settings import finding_of
from vg_mc.commands.request import Request
from vg_mc.errors import BadInputError
from vg_mc.flags.predict import PredictConfig
from vg_mc.flags.prepare_data import PrepareConfig
from vg_mc.images import View, choose_views
from vg_mc.images.markers import CLIP_REFCOCO, RGB, Marker
from vg_mc.prepared.build.settings import Drawing
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.naming import named_proposer
from vg_mc.system.launch import require_device
from vg_mc.text.cleaning import clean_text

if TYPE_CHECKING:
    from vg_mc.inference import Grounder, Question


def check_grounder(config: PredictConfig) -> None:
    """Refuse an unknown grounder, one without its model, and a model that nothing asks.

    Raises:
        BadInputError: Naming the flag.
    """
    answerers((config.grounder,), (config.model,) if config.model else ())
    if config.seed < 0:
        raise BadInputError(f"expected 0 or more, not {config.seed}", record="--seed")


def proposer_of(config: PredictConfig) -> ProposerChoice:
    """Return what proposes regions.

    Raises:
        BadInputError: If there is no file to do so with, or one too many.
    """
    finding = finding_of(config)
    if config.boxes is None:
        return named_proposer(config.proposer, finding)
    unused = replace(finding, when_empty="none", device="cpu")
    for one in fields(unused):
        if getattr(unused, one.name) != one.default:
            flag = f"--{one.name.replace('_', '-')}"
            raise BadInputError("regions come from --boxes, so it has no use", record=flag)
    return ProposerChoice("given", when_empty=config.when_empty)


def load_grounder(
    config: PredictConfig, choice: ProposerChoice, questions: Sequence["Question"]
) -> "Grounder":
    """Build what answers `questions`, of which it may learn how rare words are.

    What the library warns of is a line on stderr.

    Raises:
        BadInputError: If a model or its library is missing, or a view is unknown.
    """
    require_device(config.device)
    views = _views(config)
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", UserWarning)
        grounder = (
            _by_pictures(config, choice, views)
            if config.grounder == PICTURES
            else _by_others(config, choice, views, questions)
        )
    for note in noted:
        if note.category is UserWarning:
            print(f"note: {note.message}", file=sys.stderr)
    return grounder


def _by_pictures(
    config: PredictConfig, choice: ProposerChoice, views: dict[str, View]
) -> "Grounder":
    from vg_mc.inference import Grounder

    return Grounder.from_pretrained(
        config.model,
        proposer=choice,
        views=views or None,
        fit=config.fit,
        prompts=config.prompts,
        combine=config.combine,
        spacy_model=config.spacy_model,
        temperature=config.temperature,
        device=config.device,
    )


def _by_others(
    config: PredictConfig,
    choice: ProposerChoice,
    views: dict[str, View],
    questions: Sequence["Question"],
) -> "Grounder":
    """Build a grounder that looks at no picture by a model; a dataset's default ones are drawn."""
    import torch

    from vg_mc.inference import Grounder
    from vg_mc.system.processes import Alone

    drawing = Drawing(
        views or choose_views(PrepareConfig.views, {}),
        PrepareConfig.image_size,
        config.fit or PrepareConfig.fit,
    )
    request = Request(
        config,
        Alone(torch.device(config.device)),
        config.model,
        image_size=None,
        views=drawing.views,
        corpus=lambda: [
            clean_text(text) for question in questions for text in question.expressions
        ],
    )
    temperature = 1.0 if config.temperature is None else config.temperature
    return Grounder(GROUNDERS[config.grounder](request), drawing, choice, temperature=temperature)


def frame_color(drawing: Drawing) -> RGB:
    """Return the colour of the first marker that is drawn, or that of clip-refcoco."""
    markers = [view for view in drawing.views.values() if isinstance(view, Marker)]
    return (markers or [CLIP_REFCOCO])[0].color


def _views(config: PredictConfig) -> dict[str, View]:
    try:
        return choose_views(config.views, {}) if config.views else {}
    except ValueError as error:
        raise BadInputError(str(error), record="--views") from error
