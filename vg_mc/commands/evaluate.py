"""``evaluate.py``: a model and a prepared dataset in, predictions and result tables out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vg_mc.commands.failing import plain_errors
from vg_mc.config import parse_config

if TYPE_CHECKING:
    from vg_mc.predictions import Predictions
    from vg_mc.prepared.dataset import PreparedDataset


@dataclass(frozen=True)
class EvaluateConfig:
    """Let a model choose among all candidates of every expression, and score it."""

    dataset: Path
    """Prepared dataset."""

    model: str
    """As for finetune.py; RUN/best is the model that a run kept."""

    output: Path
    """Folder of the results: a table, and predictions and a gallery per split."""

    split: tuple[str, ...] = ("val",)
    """Splits to answer."""

    name: str | None = None
    """What tables call the model; by default what the model calls itself."""

    batch_size: int = 256
    """Pictures per forward pass."""

    mixed_precision: Literal["no", "bf16", "fp16"] = "no"
    """Arithmetic of the forward pass."""

    num_workers: int = 1
    """Processes that decode pictures, per process that encodes."""

    examples: int = 24
    """Expressions in the gallery of each split."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(EvaluateConfig, argv))


def run(config: EvaluateConfig) -> list["Predictions"]:
    """Evaluate as `config` says, on every process that was launched; return the predictions."""
    from accelerate import Accelerator

    from vg_mc.encoders.loading import load_encoder
    from vg_mc.evaluation import predict
    from vg_mc.prepared.dataset import open_prepared

    accelerator = Accelerator(mixed_precision=config.mixed_precision)
    dataset = open_prepared(config.dataset)
    encoder = load_encoder(config.model, image_size=dataset.image_size).to(accelerator.device)
    answered = []
    for split in config.split:
        predictions = predict(
            accelerator,
            encoder,
            dataset,
            split,
            batch_size=config.batch_size,
            num_workers=config.num_workers,
        )
        name = config.name or predictions.name
        answered.append(replace(predictions, name=name, facts=facts_of(config, dataset)))
    if accelerator.is_main_process:
        report(config, dataset, answered)
    accelerator.end_training()
    return answered


def report(
    config: EvaluateConfig, dataset: "PreparedDataset", answered: list["Predictions"]
) -> None:
    """Write predictions, tables and galleries, and print the table."""
    from vg_mc.predictions import write_predictions
    from vg_mc.reports.contact_sheet import write_contact_sheet
    from vg_mc.reports.examples import Verdict, spread_rows
    from vg_mc.reports.gallery import write_gallery
    from vg_mc.reports.tables import protocol_of, result_row, screen_text, write_results

    for predictions in answered:
        folder = config.output / predictions.split
        write_predictions(predictions, folder)
        shown = spread_rows(predictions, each=config.examples // len(Verdict))
        write_gallery(predictions, shown, dataset.picture_bytes, folder / "gallery.html")
        write_contact_sheet(predictions, shown, dataset.picture_bytes, folder / "examples.png")
    rows = [result_row(predictions) for predictions in answered]
    write_results(rows, protocol_of(answered), config.output)
    print(screen_text(rows))


def facts_of(config: EvaluateConfig, dataset: "PreparedDataset") -> dict[str, str]:
    """Return what a reader of the numbers should know besides them."""
    settings = dataset.manifest["settings"]
    return {
        "corpus": dataset.manifest["corpus"],
        "model": config.model,
        "proposals": " ".join(f"{key} {value}" for key, value in settings["proposer"].items()),
        "marker": " ".join(f"{key} {value}" for key, value in settings["marker"].items()),
        "pictures": f"{settings['fit']} to {settings['image_size']} pixels",
    }
