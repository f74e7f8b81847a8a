"""``evaluate.py``: models and a prepared dataset in, predictions and result tables out."""

import re
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
    from accelerate import Accelerator

    from vg_mc.metrics.similarity import SemanticSimilarity
    from vg_mc.predictions import Predictions
    from vg_mc.prepared.dataset import PreparedDataset
    from vg_mc.scoring import Subset


@dataclass(frozen=True)
class EvaluateConfig:
    """Let models choose among all candidates of every expression, and score them."""

    dataset: Path
    """Prepared dataset."""

    model: tuple[str, ...]
    """As for finetune.py; RUN/best is the model that a run kept. Several share one table."""

    output: Path
    """Folder of the results: a table, and SPLIT (NAME/SPLIT with several models) below it."""

    split: tuple[str, ...] = ("val",)
    """Splits to answer."""

    name: tuple[str, ...] = ()
    """What tables call each model; RUN for RUN/best by default."""

    subset: tuple[Path, ...] = ()
    """Files of expression ids (lines or a JSON list), scored as rows of their own."""

    flip: bool = False
    """Ask about the mirrored pictures, left and right swapped: one more member of an ensemble."""

    features: Path | None = None
    """Folder that keeps what is encoded, for later evaluations of the same pictures and models."""

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
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.scoring.subsets import read_subsets

    names, subsets = names_of(config), read_subsets(config.subset)
    accelerator = start_accelerator(config.mixed_precision)
    dataset = open_prepared(config.dataset)
    check_splits(config, dataset)
    answered, similarities = [], []
    for name, model in zip(names, config.model, strict=True):
        found, similar = answer(config, accelerator, dataset, name, model)
        if accelerator.is_main_process:
            several = len(names) > 1
            home = config.output / folder_name(name) if several else config.output
            write_answers(config, dataset, found, home)
        answered += found
        similarities += similar
    if accelerator.is_main_process:
        report(config, answered, subsets, similarities)
    accelerator.end_training()
    return answered


def names_of(config: EvaluateConfig) -> list[str]:
    """Return what tables call each model.

    Raises:
        BadInputError: If there are more or fewer names than models, or two share a folder.
    """
    if config.name and len(config.name) != len(config.model):
        problem = f"expected a name for each of {len(config.model)} models, not {len(config.name)}"
        raise BadInputError(problem, record="--name")
    names = [*config.name] or [short_name(model) for model in config.model]
    folders = [folder_name(name) for name in names]
    for name, folder in zip(names, folders, strict=True):
        if folders.count(folder) > 1:
            problem = f"two models would be written to {folder}: tell them apart by --name"
            raise BadInputError(problem, record=name)
    return [f"{name}, mirrored" for name in names] if config.flip else names


def folder_name(name: str) -> str:
    """Return `name` without what a path would take for more than a name."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "model"


def answer(
    config: EvaluateConfig,
    accelerator: "Accelerator",
    dataset: "PreparedDataset",
    name: str,
    model: str,
) -> tuple[list["Predictions"], list["SemanticSimilarity | None"]]:
    """Let one model answer every split; similarities are told where features are kept."""
    from vg_mc.encoders.identity import model_hash
    from vg_mc.encoders.loading import load_encoder
    from vg_mc.evaluation import predict
    from vg_mc.features import FeatureBank
    from vg_mc.region_similarity import region_similarity

    encoder = load_encoder(model, image_size=dataset.image_size).to(accelerator.device)
    identity, bank = model_hash(encoder, config.mixed_precision), None
    if config.features is not None:
        bank = FeatureBank(config.features, model_hash=identity, data_hash=dataset.data_hash)
    answered: list[Predictions] = []
    similarities: list[SemanticSimilarity | None] = []
    for split in config.split:
        predictions = predict(
            accelerator,
            encoder,
            dataset,
            split,
            batch_size=config.batch_size,
            num_workers=config.num_workers,
            mirrored=config.flip,
            bank=bank,
        )
        facts = facts_of(config, dataset, model, split) | {"model hash": identity}
        answered.append(replace(predictions, name=name, facts=facts))
        similarities.append(
            None
            if bank is None
            else region_similarity(bank, encoder, predictions, mirrored=config.flip)
        )
    return answered, similarities


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


def write_answers(
    config: EvaluateConfig,
    dataset: "PreparedDataset",
    answered: list["Predictions"],
    home: Path,
) -> None:
    """Write one model's predictions and galleries below `home`, a folder per split."""
    from vg_mc.predictions import write_predictions
    from vg_mc.reports.contact_sheet import write_contact_sheet
    from vg_mc.reports.examples import Verdict, spread_rows
    from vg_mc.reports.gallery import write_gallery

    for predictions in answered:
        folder = home / predictions.split
        write_predictions(predictions, folder)
        shown = spread_rows(predictions, each=config.examples // len(Verdict))
        write_gallery(predictions, shown, dataset.picture_bytes, folder / "gallery.html")
        write_contact_sheet(predictions, shown, dataset.picture_bytes, folder / "examples.png")


def report(
    config: EvaluateConfig,
    answered: list["Predictions"],
    subsets: list["Subset"],
    similarities: list["SemanticSimilarity | None"],
) -> None:
    """Write the table of all models, splits and subsets, and print it."""
    from vg_mc.reports.protocol import protocol_of
    from vg_mc.reports.tables import screen_text, write_results
    from vg_mc.scoring.subsets import remarks_text, score_all, subset_remarks

    reports, remarks = score_all(answered, subsets, similarities), subset_remarks(subsets, answered)
    write_results(reports, protocol_of(answered) | remarks, config.output)
    print("\n".join([screen_text(reports), *remarks_text(remarks)]))


def facts_of(
    config: EvaluateConfig, dataset: "PreparedDataset", model: str, split: str
) -> dict[str, str]:
    """Return what a reader of the numbers should know besides them."""
    from vg_mc.prepared.detector_exposure import exposure
    from vg_mc.versions import versions

    settings, exposed = dataset.manifest["settings"], exposure(dataset)
    proposer = settings["train_proposer" if split == TRAIN_SPLIT else "proposer"]
    return {
        "corpus": dataset.manifest["corpus"],
        "model": model,
        "precision": "fp32" if config.mixed_precision == "no" else config.mixed_precision,
        "proposals": " ".join(f"{key} {value}" for key, value in proposer.items()),
        "detector saw test photos": f"{exposed.name.lower()}: {exposed}",
        "marker": " ".join(f"{key} {value}" for key, value in settings["marker"].items()),
        "pictures": f"{settings['fit']} to {settings['image_size']} pixels",
        "view": "mirrored, left and right swapped in the texts" if config.flip else "as it is",
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
    }
