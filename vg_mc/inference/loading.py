"""Load a grounder for single images, with the drawing and the temperature that belong to it."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from vg_mc.boxes.transforms import Fit
from vg_mc.errors import BadInputError
from vg_mc.grounders.protocol import BoxPredictor, Chooser, TakesImages
from vg_mc.grounders.registration import Context
from vg_mc.grounders.registry import GrounderOptions, Selected
from vg_mc.images import DEFAULT_VIEW, VIEWS, View
from vg_mc.images.markers import CLIP_REFCOCO
from vg_mc.inference.run_settings import Look, recorded_look, recorded_temperature
from vg_mc.prepared.build.description import described_views
from vg_mc.prepared.build.settings import Drawing
from vg_mc.system.processes import SingleProcess

IMAGE_SIZE = 224  # of candidates for a grounder that takes images of any size
IMAGES_AT_ONCE = 64

UNKNOWN_LOOK = Look(CLIP_REFCOCO, "squash")
UNKNOWN_LOOK_NOTE = (
    "it is not known with which marker and fit this model was trained (no config.json of a run "
    "lies beside its folder): the marker clip-refcoco is drawn on squashed photos; name others if "
    "it knows others"
)
OTHER_MODEL_NOTE = (
    "the stored temperature was fitted with other weights, another precision or other versions of "
    "the libraries: calibrate again if probabilities are to be believed"
)


@dataclass(frozen=True)
class Loaded:
    """A grounder with what belongs to it.

    Attributes:
        chooser: Answers expressions of a prepared dataset.
        drawing: How candidates are shown to it.
        temperature: Its logits are divided by it before the softmax.
    """

    chooser: Chooser
    drawing: Drawing
    temperature: float


def load(
    selected: Selected,
    options: GrounderOptions,
    *,
    views: Mapping[str, View],
    fit: Fit | None = None,
    temperature: float | None = None,
    device: str = "cpu",
    corpus: Callable[[], list[str]] = list,
) -> Loaded:
    """Load a grounder and find out how candidates are drawn for it.

    Args:
        selected: What to load.
        options: Of all grounders.
        views: What is drawn of each candidate; if empty, the marker of the model's run.
        fit: By default that of the run.
        temperature: By default the one that ``python -m vg_mc calibrate`` stored, or 1.
        device: Where the model runs.
        corpus: Returns texts that tell how frequent words are.

    Raises:
        BadInputError: If a file is missing or damaged, or an option makes no sense.
    """
    look, views = _look(selected, views)
    context = Context(
        processes=SingleProcess(torch.device(device)),
        model=selected.model,
        views=described_views(views)["views"],
        image_size=None,
        corpus=corpus,
        spacy_model=options.spacy_model,
        seed=options.seed,
        batch_size=IMAGES_AT_ONCE,
    )
    selected.check(context)
    chooser = selected.build(context)
    if isinstance(chooser, BoxPredictor):
        problem = f"{selected.name} predicts boxes, and here candidates are ranked"
        raise BadInputError(problem, record="--grounder")
    image_size = chooser.image_size if isinstance(chooser, TakesImages) else IMAGE_SIZE
    drawing = Drawing(views, image_size, fit or look.fit)
    if temperature is None:
        temperature = _temperature_of(chooser, Path(selected.model))
    return Loaded(chooser, drawing, temperature)


def _look(selected: Selected, views: Mapping[str, View]) -> tuple[Look, Mapping[str, View]]:
    """Return how the images of a model's run were drawn, and the views; warn if that is guessed."""
    if selected.grounder.model != "images":
        return UNKNOWN_LOOK, views or {DEFAULT_VIEW: VIEWS[DEFAULT_VIEW]}
    recorded = recorded_look(Path(selected.model))
    if recorded is None and not views:
        warnings.warn(UNKNOWN_LOOK_NOTE, stacklevel=4)
    look = recorded or UNKNOWN_LOOK
    return look, views or {"marker": look.marker}


def _temperature_of(chooser: Chooser, model: Path) -> float:
    if not isinstance(chooser, TakesImages):
        return 1.0
    stored = recorded_temperature(model)
    if stored is None:
        return 1.0
    if stored.model_hash and stored.model_hash != chooser.model_hash():
        warnings.warn(OTHER_MODEL_NOTE, stacklevel=4)
    return stored.temperature
