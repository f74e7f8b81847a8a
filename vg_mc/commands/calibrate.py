"""Command ``python -m vg_mc calibrate``: fit a temperature that calibrates probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError

if TYPE_CHECKING:
    from vg_mc.predictions import Predictions


@dataclass(frozen=True)
class CalibrateConfig:
    """Fit the temperature of a model on its stored predictions of a validation split.

    It minimizes the negative log-likelihood and does not change answers. predict and Grounder read
    it from the folder of the run.
    """

    predictions: Annotated[Path, tyro.conf.Positional]
    """Folder of the model's predictions of one split, such as results/val."""

    output: Path
    """Folder of the run, where temperature.json is written; or a file name ending in .json."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(CalibrateConfig, argv))


def run(config: CalibrateConfig) -> float:
    """Fit and store the temperature, and print the calibration error before and after.

    Raises:
        BadInputError: If the predictions are missing, of a test split, or not better than chance.
    """
    from vg_mc.inference.run_settings import TEMPERATURE_FILE, Temperature, store_temperature
    from vg_mc.predictions import read_predictions
    from vg_mc.predictions.ensembles import rule_of
    from vg_mc.reports.tables.columns import percent

    predictions = read_predictions(config.predictions)
    weights = rule_of("calibrated", [predictions]).weights
    if not weights or weights[0] <= 0:
        problem = (
            "no temperature can be fitted: the predictions are not better than chance; calibrate "
            "those of a trained model on its validation split"
        )
        raise BadInputError(problem, file=config.predictions)
    temperature = 1 / weights[0]
    is_file = config.output.suffix == ".json"
    file = config.output if is_file else config.output / TEMPERATURE_FILE
    identity = predictions.provenance.model_hash
    store_temperature(Temperature(temperature, predictions.split, identity), file)
    logits = [row * weights[0] for row in predictions.choices.logits]
    calibrated = replace(predictions, answers=replace(predictions.choices, logits=logits))
    before = percent(calibration_error_of(predictions))
    after = percent(calibration_error_of(calibrated))
    print(
        f"temperature {temperature:.4g} in {file}; calibration error {before} % -> {after} % on "
        f"{predictions.split}, where it was fitted"
    )
    return temperature


def calibration_error_of(predictions: "Predictions") -> float:
    """Return the calibration error of a split, with the formula of result tables.

    Raises:
        BadInputError: If the answers have no confidences.
    """
    from vg_mc.metrics.calibration import calibration_error
    from vg_mc.predictions import outcomes

    judged = outcomes(predictions)
    if judged.confidences is None:
        problem = (
            "expected answers with confidences, found predicted boxes without; calibrate a chooser"
        )
        raise BadInputError(problem, record=predictions.name)
    image_ids = predictions.examples.image_ids
    return calibration_error(judged.confidences, judged.right, image_ids).value
