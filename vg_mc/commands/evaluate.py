"""``evaluate.py``: a model and a prepared dataset in, predictions and result tables out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vg_mc.commands.accelerating import Precision, start_accelerator
from vg_mc.commands.failing import plain_errors
from vg_mc.config import parse_config
from vg_mc.faults import BadInputError
from vg_mc.records import TRAIN_SPLIT

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
    """What tables call the model; RUN for RUN/best by default."""

    batch_size: int = 256
    """Pictures per forward pass."""

    mixed_precision: Precision = "no"
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
    from vg_mc.encoders.loading import load_encoder
    from vg_mc.evaluation import predict
    from vg_mc.prepared.dataset import open_prepared

    accelerator = start_accelerator(config.mixed_precision)
    dataset = open_prepared(config.dataset)
    check_splits(config, dataset)
    encoder = load_encoder(config.model, image_size=dataset.image_size).to(accelerator.device)
    name = config.name or short_name(config.model)
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
        facts = facts_of(config, dataset, split)
        answered.append(replace(predictions, name=name, facts=facts))
    if accelerator.is_main_process:
        report(config, dataset, answered)
    accelerator.end_training()
    return answered


def check_splits(config: EvaluateConfig, dataset: "PreparedDataset") -> None:
    """Refuse a wrong split before the first one is answered."""
    for split in config.split:
        if split not in dataset.splits:
            problem = f"no split {split!r}; there are {', '.join(dataset.splits)}"
            raise BadInputError(problem, file=dataset.folder)
        if config.split.count(split) > 1:
            raise BadInputError(f"the split {split!r} is named twice", record="--split")


def short_name(model: str) -> str:
    """Return what tables call `model`: a folder by its name, a run's best model by the run's."""
    if not Path(model).is_dir():
        return model
    folder = Path(model).resolve()
    return folder.parent.name if folder.name == "best" and folder.parent.name else folder.name


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


def facts_of(config: EvaluateConfig, dataset: "PreparedDataset", split: str) -> dict[str, str]:
    """Return what a reader of the numbers should know besides them."""
    settings = dataset.manifest["settings"]
    proposer = settings["train_proposer" if split == TRAIN_SPLIT else "proposer"]
    return {
        "corpus": dataset.manifest["corpus"],
        "model": config.model,
        "precision": "fp32" if config.mixed_precision == "no" else config.mixed_precision,
        "proposals": " ".join(f"{key} {value}" for key, value in proposer.items()),
        "marker": " ".join(f"{key} {value}" for key, value in settings["marker"].items()),
        "pictures": f"{settings['fit']} to {settings['image_size']} pixels",
    }
