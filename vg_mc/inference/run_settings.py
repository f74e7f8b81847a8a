"""Settings of a run that inference needs: marker, fit and temperature.

A model is less accurate with a marker other than that of its training. finetune.py stores marker
and fit in ``RUN/config.json``, next to the folder ``RUN/best`` of the model.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast, get_args

from vg_mc.boxes.transforms import Fit
from vg_mc.errors import BadInputError
from vg_mc.images.markers import Marker
from vg_mc.system.atomic import write_whole_text
from vg_mc.system.fields import as_mapping, as_number, as_text, read_json

RUN_FILE, TEMPERATURE_FILE = "config.json", "temperature.json"


@dataclass(frozen=True, slots=True)
class Look:
    """How the candidate images of a run were drawn."""

    marker: Marker
    fit: Fit


@dataclass(frozen=True, slots=True)
class Temperature:
    """A fitted temperature, which calibrates the probabilities of a model.

    Attributes:
        temperature: Divisor of the logits before the softmax.
        split: The split on which it was fitted.
        model_hash: Hash of the model; empty if unknown.
    """

    temperature: float
    split: str
    model_hash: str


def recorded_look(model: Path) -> Look | None:
    """Return how the training images of a model were drawn.

    Args:
        model: The folder ``best`` of a run, or any other model.

    Returns:
        The look, or None if `model` does not belong to a run.

    Raises:
        BadInputError: If the configuration of the run is damaged.
    """
    file = _beside(model, RUN_FILE)
    if file is None:
        return None
    record = as_mapping(read_json(file))
    if "marker" not in record or "fit" not in record:  # another library's config.json
        return None
    fit = record["fit"]
    if fit not in get_args(Fit):
        raise BadInputError(f"expected one of {get_args(Fit)} as fit, found {fit!r}", file=file)
    try:
        fields: dict[str, Any] = dict(cast("dict[str, Any]", as_mapping(record["marker"])))
        marker = Marker(**fields | {"color": tuple(fields["color"])})
    except (KeyError, TypeError, ValueError, BadInputError) as fault:
        raise BadInputError(f"expected the marker of a run: {fault}", file=file) from fault
    return Look(marker, cast("Fit", fit))


def recorded_temperature(model: Path) -> Temperature | None:
    """Return the temperature stored next to a model, the folder ``best`` of a run.

    Returns:
        The temperature, or None if none is stored.

    Raises:
        BadInputError: If the file is damaged.
    """
    file = _beside(model, TEMPERATURE_FILE)
    if file is None:
        return None
    record = read_json(file)
    try:
        temperature = as_number(record, "temperature")
        return Temperature(
            checked_temperature(temperature),
            as_text(record, "split"),
            str(as_mapping(record).get("model_hash", "")),
        )
    except BadInputError as fault:
        raise BadInputError(fault.problem, file=file) from fault


def store_temperature(temperature: Temperature, file: Path) -> None:
    """Write a temperature as JSON."""
    write_whole_text(file, json.dumps(asdict(temperature), indent=2) + "\n")


def checked_temperature(temperature: float) -> float:
    """Return the temperature if it is valid.

    Raises:
        BadInputError: If it is not positive and finite.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise BadInputError(f"expected a temperature above 0, found {temperature}")
    return temperature


def _beside(model: Path, name: str) -> Path | None:
    """Return a file next to the folder of a model, or None if it does not exist."""
    file = model.resolve().parent / name
    return file if model.is_dir() and file.is_file() else None
