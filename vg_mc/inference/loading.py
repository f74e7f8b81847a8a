"""Load a grounder for single images with its drawing settings and temperature."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from vg_mc.boxes.transforms import Fit
from vg_mc.grounders.protocol import AnyGrounder, BoxPredictor, TakesImages
from vg_mc.grounders.registration import Context
from vg_mc.grounders.registry import GrounderOptions, Selected
from vg_mc.images import DEFAULT_VIEW, VIEWS, View
from vg_mc.images.markers import CLIP_REFCOCO
from vg_mc.inference.run_settings import Look, recorded_look, recorded_temperature
from vg_mc.prepared.build.description import described_views
from vg_mc.prepared.build.settings import Drawing
from vg_mc.system.processes import SingleProcess

IMAGE_SIZE = 224  # candidate images of grounders that accept any size
IMAGES_AT_ONCE = 64

UNKNOWN_LOOK = Look(CLIP_REFCOCO, "squash")
UNKNOWN_LOOK_NOTE = (
    "the marker and fit with which this model was trained are unknown (no config.json of a run "
    "next to its folder); using the marker clip-refcoco on stretched images, which --views and "
    "--fit change"
)
OTHER_MODEL_NOTE = (
    "the stored temperature was fitted with other weights, another precision or other library "
    "versions; run calibrate again for calibrated probabilities"
)


@dataclass(frozen=True)
class Loaded:
    """A grounder with its drawing settings and temperature.

    Attributes:
        grounder: The grounder.
        drawing: How candidate images are drawn.
        temperature: Divisor of the logits before the softmax.
    """

    grounder: AnyGrounder
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
    """Load a grounder and determine how its candidate images are drawn.

    Args:
        selected: The grounder to load.
        options: Options of all grounders.
        views: Views of each candidate; if empty, the marker of the model's run.
        fit: How images become square; by default as in the run.
        temperature: Divisor of the logits; by default the value stored by ``python -m vg_mc
            calibrate``, or 1.
        device: Where the model runs.
        corpus: Returns texts from which word frequencies are computed.

    Raises:
        BadInputError: If a file is missing or damaged, or an option is invalid.
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
    grounder = selected.build(context)
    image_size = grounder.image_size if isinstance(grounder, TakesImages) else IMAGE_SIZE
    drawing = Drawing(views, image_size, fit or look.fit)
    if temperature is None:
        temperature = _temperature_of(grounder, Path(selected.model))
    return Loaded(grounder, drawing, temperature)


def _look(selected: Selected, views: Mapping[str, View]) -> tuple[Look, Mapping[str, View]]:
    """Return the recorded look of a model's run and the views; warn if the look is unknown."""
    if selected.grounder.model != "images" or selected.grounder.predicts_boxes:
        return UNKNOWN_LOOK, views or {DEFAULT_VIEW: VIEWS[DEFAULT_VIEW]}
    recorded = recorded_look(Path(selected.model))
    if recorded is None and not views:
        warnings.warn(UNKNOWN_LOOK_NOTE, stacklevel=4)
    look = recorded or UNKNOWN_LOOK
    return look, views or {"marker": look.marker}


def _temperature_of(grounder: AnyGrounder, model: Path) -> float:
    if not isinstance(grounder, TakesImages) or isinstance(grounder, BoxPredictor):
        return 1.0
    stored = recorded_temperature(model)
    if stored is None:
        return 1.0
    if stored.model_hash and stored.model_hash != grounder.model_hash():
        warnings.warn(OTHER_MODEL_NOTE, stacklevel=4)
    return stored.temperature
