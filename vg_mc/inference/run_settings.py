"""What a run says of its best model: the look of the pictures that it knows, its temperature.

A model answers worse to a marker that it has never seen, and says nothing about it. finetune.py
notes marker and fit in ``RUN/config.json``, beside the folder ``RUN/best`` that holds the model.
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
    """How the pictures of a run were drawn."""

    marker: Marker
    fit: Fit


@dataclass(frozen=True, slots=True)
class Temperature:
    """What the logits of a model are divided by, so that its probabilities can be believed.

    Attributes:
        split: What it was fitted on.
        model_hash: The weights that it is for; empty where they are unknown.
    """

    temperature: float
    split: str
    model_hash: str


def recorded_look(model: Path) -> Look | None:
    """Return how the pictures were drawn that `model`, a run's folder ``best``, was trained with.

    Returns:
        None where no run is known, as for a model of a hub.

    Raises:
        BadInputError: If the record of the run is damaged.
    """
    file = _beside(model, RUN_FILE)
    if file is None:
        return None
    record = as_mapping(read_json(file))
    if "marker" not in record or "fit" not in record:  # another library's config.json
        return None
    fit = record["fit"]
    if fit not in get_args(Fit):
        raise BadInputError(f"expected one of {get_args(Fit)} as fit, not {fit!r}", file=file)
    try:
        fields: dict[str, Any] = dict(cast("dict[str, Any]", as_mapping(record["marker"])))
        marker = Marker(**fields | {"color": tuple(fields["color"])})
    except (KeyError, TypeError, ValueError, BadInputError) as fault:
        raise BadInputError(f"expected the marker of a run: {fault}", file=file) from fault
    return Look(marker, cast("Fit", fit))


def recorded_temperature(model: Path) -> Temperature | None:
    """Return the temperature that was stored beside `model`, a run's folder ``best``.

    Raises:
        BadInputError: If the file holds anything else.
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
    """Return a temperature by which logits can be divided.

    Raises:
        BadInputError: If it is not positive and finite.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise BadInputError(f"expected a temperature above 0, not {temperature}")
    return temperature


def _beside(model: Path, name: str) -> Path | None:
    """Return a file of the run whose model lies in a folder; None where there is none."""
    file = model.resolve().parent / name
    return file if model.is_dir() and file.is_file() else None
