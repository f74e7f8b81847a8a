"""Building, freezing, saving and loading of box predictors.

A saved predictor is a folder with a plain dual encoder, which its own library loads, the weights of
the head, and a JSON file that names the head.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from vg_mc.boxes.transforms import Fit
from vg_mc.errors import BadInputError
from vg_mc.models.box_predictors.files import HEAD_FILE, SETTINGS_FILE, is_box_predictor
from vg_mc.models.box_predictors.layers import CENTER_HALF
from vg_mc.models.box_predictors.options import ClipVgOptions, HeadOptions, HrnetOptions
from vg_mc.models.box_predictors.probing import TEXTS, black_image
from vg_mc.models.box_predictors.protocol import (
    BoxInputs,
    BoxPrediction,
    BoxPredictor,
    PredictorSettings,
)
from vg_mc.models.box_predictors.registry import PREDICTORS, MeanBox
from vg_mc.models.loading import load_encoder, random_start
from vg_mc.models.similarity import in_evaluation_mode
from vg_mc.models.trainable.freezing import behind
from vg_mc.system.fields import as_mapping, as_positive_integer, as_text, read_json
from vg_mc.system.options import check_ranges

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder


def build_predictor(
    encoder: "Encoder",
    settings: PredictorSettings,
    *,
    mean_box: MeanBox = CENTER_HALF,
    seed: int = 0,
) -> BoxPredictor:
    """Build a box predictor with a randomly initialised head.

    Args:
        encoder: The dual encoder; its weights are shared.
        settings: Name and options of the head.
        mean_box: Mean target of the training split, where heads start from, as cxcywh in fractions
            of the input's side.
        seed: Seed of the initialisation.

    Raises:
        BadInputError: If the encoder lacks features that the head needs.
    """
    with random_start(seed):
        head = PREDICTORS[settings.predictor].build(encoder, settings.heads, mean_box)
    return BoxPredictor(encoder, head, settings).train(encoder.training)


def freeze_unused(model: BoxPredictor) -> None:
    """Freeze the weights that the boxes do not depend on, such as layers after the last used one.

    They get no gradient, which distributed training would wait for or fail on.
    """
    used = behind(trial_boxes(model), model)
    for name, weight in model.named_parameters():
        weight.requires_grad_(name in used)


def trial_boxes(model: BoxPredictor) -> Tensor:
    """Return the box (1, 4) of a short text and a black image, in evaluation mode."""
    encoder = model.encoder
    inputs = BoxInputs(
        images=black_image(encoder),
        content=torch.tensor([[0.0, 0.0, 1.0, 1.0]]),
        tokens=encoder.tokenize(TEXTS),
        image_index=torch.tensor([0]),
        text_index=torch.tensor([0]),
    )
    with in_evaluation_mode(model):
        prediction: BoxPrediction = model(inputs)
    return prediction.boxes


def save_predictor(model: BoxPredictor, folder: Path) -> None:
    """Write the encoder as a standard model, and the head beside it."""
    model.encoder.save(folder)
    head = cast("nn.Module", model.head)
    save_file(
        {key: each.contiguous() for key, each in head.state_dict().items()}, folder / HEAD_FILE
    )
    described = asdict(model.definition)
    (folder / SETTINGS_FILE).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


def load_box_predictor(folder: Path | str) -> BoxPredictor:
    """Load the folder ``best`` of a run, on the CPU and in evaluation mode.

    Raises:
        BadInputError: If a file is missing or damaged, or does not fit the others.
    """
    settings = read_settings(Path(folder))
    encoder = load_encoder(str(folder))
    model = build_predictor(encoder, _without_published_weights(settings))
    file = Path(folder) / HEAD_FILE
    try:
        weights = load_file(file)
        cast("nn.Module", model.head).load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as fault:
        problem = f"expected the weights of the head {settings.predictor}: {fault}"
        raise BadInputError(problem, file=file) from fault
    return model.eval()


def read_settings(folder: Path) -> PredictorSettings:
    """Read the settings of a saved predictor.

    Raises:
        BadInputError: If the folder holds no box predictor, or an unknown one.
    """
    file = folder / SETTINGS_FILE
    if not is_box_predictor(folder):
        problem = f"expected a box predictor, the folder best of a run, with {SETTINGS_FILE}"
        raise BadInputError(problem, file=folder)
    try:
        return _settings(read_json(file))
    except BadInputError as fault:
        raise BadInputError(fault.problem, file=file) from fault
    except TypeError as fault:
        raise BadInputError(f"expected the options of a head: {fault}", file=file) from fault


def _settings(record: object) -> PredictorSettings:
    heads = as_mapping(as_mapping(record).get("heads"))
    options = HeadOptions(
        HrnetOptions(**_fields(heads.get("hrnet"))),
        ClipVgOptions(**_fields(heads.get("clip_vg"))),
    )
    check_ranges(options)
    return PredictorSettings(
        _one_of(record, "predictor", tuple(PREDICTORS)),
        options,
        cast("Fit", _one_of(record, "fit", get_args(Fit))),
        as_positive_integer(record, "whole_images"),
    )


def _one_of(record: object, field: str, known: tuple[str, ...]) -> str:
    value = as_text(record, field)
    if value not in known:
        raise BadInputError(f"expected one of {', '.join(known)} as {field}, found {value!r}")
    return value


def _fields(record: object) -> Mapping[str, Any]:
    return {str(name): value for name, value in as_mapping(record).items()}


def _without_published_weights(settings: PredictorSettings) -> PredictorSettings:
    """Return settings of the same architecture that load no weights from the hub."""
    hrnet = replace(settings.heads.hrnet, hrnet=settings.heads.hrnet.hrnet.partition(".")[0])
    return replace(settings, heads=replace(settings.heads, hrnet=hrnet))
