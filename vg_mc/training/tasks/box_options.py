"""Options of training a box predictor, which ``finetune.py --predictor`` adds to those of a run."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from vg_mc.boxes.transforms import Fit
from vg_mc.errors import BadInputError
from vg_mc.models.box_predictors.options import HeadOptions
from vg_mc.models.box_predictors.registry import PREDICTORS
from vg_mc.system.options import AT_LEAST_1, INDECISIVE, Range, changed_flags
from vg_mc.training.batching.geometry import GeometryOptions
from vg_mc.training.options import TrainingOptions
from vg_mc.training.tasks.box_losses import BoxLossOptions


@dataclass(frozen=True, slots=True)
class BoxOptions:
    """Options of --predictor."""

    heads: HeadOptions = field(default_factory=HeadOptions)
    geometry: GeometryOptions = field(default_factory=GeometryOptions)
    loss: BoxLossOptions = field(default_factory=BoxLossOptions)

    fit: Fit = "letterbox"
    """How whole images become square."""

    input_size: Annotated[int, AT_LEAST_1] | None = None
    """Side of the inputs in pixels; by default that of the model, which only the tiny ones vary."""

    encoder_lr: Annotated[float, Range(0, 1, above=True)] = 0.1
    """Learning rate of the encoder, and of an HRNet, as a fraction of that of the head."""

    features: Annotated[Path | None, INDECISIVE] = None
    """With --train none: folder of the feature cache. Features are computed once, and all epochs
    and later runs read them instead of images; there is no augmentation then."""


def check_kind(predictor: str, training: TrainingOptions, box: BoxOptions) -> None:
    """Check that no option of the other kind of model is set.

    Args:
        predictor: Name of a box predictor; empty for multiple choice.
        training: Options of a run.
        box: Options of box predictors.

    Raises:
        BadInputError: If the predictor is unknown, or an option has no effect with it.
    """
    if not predictor:
        for flag in changed_flags(box):
            raise BadInputError("has no effect without --predictor", record=flag)
        if training.parameters.train == "none":
            raise BadInputError("none requires --predictor", record="--train")
        return
    if predictor not in PREDICTORS:
        problem = f"unknown predictor {predictor!r}; available: {', '.join(PREDICTORS)}"
        raise BadInputError(problem, record="--predictor")
    for flag in _of_choices(training):
        raise BadInputError("has no effect with --predictor", record=flag)
    if box.features is not None:
        _check_cached(training, box)


def _check_cached(training: TrainingOptions, box: BoxOptions) -> None:
    """Check that features can be computed once: frozen towers, and images that do not vary."""
    train = training.parameters.train
    if train != "none":
        problem = f"requires --train none, since the towers change with --train {train}"
        raise BadInputError(problem, record="--features")
    for flag in (*changed_flags(training.augmentation), *changed_flags(box.geometry)):
        problem = "changes images in every epoch, and --features computes their features once"
        raise BadInputError(problem, record=flag)


def _of_choices(training: TrainingOptions) -> Iterator[str]:
    """Yield the changed flags that only multiple choice has."""
    yield from changed_flags(replace(training.examples, batching="expression"))
    yield from changed_flags(training.loss)
    defaults, parameters = TrainingOptions().parameters, training.parameters
    if parameters.picture_chunk != defaults.picture_chunk:
        yield "--picture-chunk"
    if parameters.logit_scale != defaults.logit_scale:
        yield "--logit-scale"
