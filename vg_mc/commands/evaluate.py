"""The command ``evaluate.py``: evaluate grounders on a prepared dataset."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError
from vg_mc.grounders.protocol import TakesImages
from vg_mc.grounders.registration import Context, EncodingOptions
from vg_mc.grounders.registry import GROUNDER_HELP, GrounderOptions, Selected, select
from vg_mc.records import TRAIN_SPLIT
from vg_mc.system.launch import batch_size_of, start_accelerator, workers_of
from vg_mc.system.options import AT_LEAST_0

if TYPE_CHECKING:
    from accelerate import Accelerator

    from vg_mc.metrics.similarity import SemanticSimilarity
    from vg_mc.predictions import Predictions
    from vg_mc.prepared.dataset import PreparedDataset
    from vg_mc.reports.pages.report_page import Gallery
    from vg_mc.scoring import Subset
    from vg_mc.scoring.crop_similarity import CropSimilarity


@dataclass(frozen=True)
class EvaluateConfig:
    """Evaluate grounders on splits of a prepared dataset; write predictions, tables and pages."""

    dataset: Path
    """Folder of the prepared dataset."""

    output: Path
    """Output folder: a table, a page, and a subfolder SPLIT with predictions; with several
    grounders, pages and splits are in subfolders NAME."""

    grounder: Annotated[tuple[str, ...], tyro.conf.arg(help=GROUNDER_HELP)] = ("clip",)

    model: tuple[str, ...] = ()
    """Models, named as for finetune.py; RUN/best is the best model of a run. Grounders whose name
    ends in -model also accept a sentence encoder as sentence:ID_OR_FOLDER. Several models give
    several rows of one table."""

    split: tuple[str, ...] = ("val",)
    """Splits to evaluate."""

    name: tuple[str, ...] = ()
    """Names of the rows in tables, one for each model, then for each other grounder; by default
    derived from the model, RUN for RUN/best."""

    subset: tuple[Path, ...] = ()
    """Files of expression ids (lines or a JSON list), each scored as additional rows."""

    examples: Annotated[int, AT_LEAST_0] = 24
    """Number of example expressions per split on the page, spread evenly over outcomes."""

    images: Path | None = None
    """Folder of the source images, to show them on the page instead of candidate images."""

    similarity_model: str | None = None
    """Model whose features compare the crop of each answer with that of the target and with the
    expression, for all rows alike; requires --images or a dataset with whole images. Without it,
    models with --features compare their own candidate images."""

    grounders: GrounderOptions = field(default_factory=GrounderOptions)
    encoding: EncodingOptions = field(default_factory=EncodingOptions)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(EvaluateConfig, argv))


def run(config: EvaluateConfig) -> list["Predictions"]:
    """Evaluate in all launched processes and return the predictions."""
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.reports.pages.report_page import Gallery
    from vg_mc.scoring.subsets import read_subsets

    grounders, subsets = selected_grounders(config), read_subsets(config.subset)
    accelerator = start_accelerator(config.encoding.mixed_precision)
    dataset = open_prepared(config.dataset)
    check_splits(config.split, dataset)
    contexts = [context_of(config, accelerator, dataset, one.model) for one in grounders]
    for one, context in zip(grounders, contexts, strict=True):
        one.check(context)
    shown = Gallery.of(dataset, config.images, config.examples)
    similarity = similarity_of(config, accelerator, dataset)
    homes = homes_of(config.output, [one.name for one in grounders])
    answered, similarities = [], []
    for one, context in zip(grounders, contexts, strict=True):
        found, similar = answer_splits(one, context, dataset, config.split)
        if accelerator.is_main_process:
            write_answers(found, shown, homes[one.name])
        answered += found
        similarities += similar
    if accelerator.is_main_process:
        if similarity is not None:
            similarities = [similarity.of(predictions) for predictions in answered]
        report(config, answered, subsets, similarities, shown, homes)
    accelerator.end_training()
    return answered


def selected_grounders(config: EvaluateConfig) -> list[Selected]:
    """Return the selected grounders, one for each row of the table.

    Raises:
        BadInputError: If a grounder is unknown or its model is missing, the number of names does
            not match, or two grounders have the same output folder.
    """
    selected = select(config.grounder, config.model, config.grounders, config.name)
    folders = [folder_name(one.name) for one in selected]
    for one, folder in zip(selected, folders, strict=True):
        if folders.count(folder) > 1:
            problem = f"two grounders have the output folder {folder}; give them names by --name"
            raise BadInputError(problem, record=one.name)
    return selected


def context_of(
    config: EvaluateConfig, accelerator: "Accelerator", dataset: "PreparedDataset", model: str
) -> Context:
    """Return the context from which a grounder for a prepared dataset is built."""

    def texts_of_corpus() -> list[str]:
        """Return the texts of the split train, or those of the evaluated splits."""
        splits = (TRAIN_SPLIT,) if TRAIN_SPLIT in dataset.splits else config.split
        return [text for split in splits for text in dataset.expressions(split).texts]

    encoding = config.encoding
    return Context(
        processes=accelerator,
        model=model,
        views=dataset.views,
        image_size=dataset.image_size if dataset.has_candidates else None,
        corpus=texts_of_corpus,
        spacy_model=config.grounders.spacy_model,
        seed=config.grounders.seed,
        precision=encoding.mixed_precision,
        batch_size=batch_size_of(encoding.batch_size, accelerator),
        num_workers=workers_of(encoding.num_workers, accelerator),
        features=encoding.features,
        data_hash=dataset.data_hash,
    )


def similarity_of(
    config: EvaluateConfig, accelerator: "Accelerator", dataset: "PreparedDataset"
) -> "CropSimilarity | None":
    """Load the model of ``--similarity-model``; only the first process uses it.

    Raises:
        BadInputError: If the model cannot be loaded, or there are no images to crop.
    """
    if config.similarity_model is None:
        return None
    from vg_mc.models.loading import load_encoder
    from vg_mc.prepared.source_images import images_of
    from vg_mc.scoring.crop_similarity import CropSimilarity
    from vg_mc.system.processes import SingleProcess

    images = images_of(dataset, config.images)
    process = SingleProcess(accelerator.device)
    encoder = load_encoder(config.similarity_model).to(process.device)
    batch_size = batch_size_of(config.encoding.batch_size, accelerator)
    return CropSimilarity(process, encoder, batch_size, images)


def homes_of(output: Path, names: Sequence[str]) -> dict[str, Path]:
    """Return the output folder of each grounder by its name."""
    several = len(names) > 1
    return {name: output / folder_name(name) if several else output for name in names}


def folder_name(name: str) -> str:
    """Return `name` with characters replaced that are special in paths."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "model"


def answer_splits(
    selected: Selected, context: Context, dataset: "PreparedDataset", splits: Sequence[str]
) -> tuple[list["Predictions"], list["SemanticSimilarity | None"]]:
    """Build a grounder and answer all splits.

    Returns:
        The predictions of each split, and the similarities of its regions, or None without a
        feature cache.
    """
    from vg_mc.predictions.run import answer, described
    from vg_mc.scoring.region_similarity import region_similarity

    grounder = selected.build(context)
    answered: list[Predictions] = []
    similarities: list[SemanticSimilarity | None] = []
    model_hash = grounder.model_hash() if isinstance(grounder, TakesImages) else ""
    for split in splits:
        predictions = described(answer(grounder, dataset, split), dataset, model_hash)
        answered.append(predictions.renamed(selected.name))
        similarities.append(region_similarity(grounder, predictions))
    return answered, similarities


def check_splits(splits: Sequence[str], dataset: "PreparedDataset") -> None:
    """Check the names of splits.

    Raises:
        BadInputError: If a split does not exist or is repeated.
    """
    for split in splits:
        if split not in dataset.splits:
            problem = f"no split {split!r}; there are {', '.join(dataset.splits)}"
            raise BadInputError(problem, file=dataset.folder)
        if splits.count(split) > 1:
            raise BadInputError(
                f"expected each split once, found {split!r} twice", record="--split"
            )


def write_answers(answered: list["Predictions"], shown: "Gallery", home: Path) -> None:
    """Write the predictions and example images of one grounder, one folder per split."""
    from vg_mc.predictions import write_predictions
    from vg_mc.reports.contact_sheet import write_contact_sheet
    from vg_mc.reports.pages.examples import spread_rows

    for predictions in answered:
        folder = home / predictions.split
        write_predictions(predictions, folder)
        rows = spread_rows(predictions, shown.each)
        write_contact_sheet(predictions, rows, shown.pictures_of, folder / "examples.png")


def report(
    config: EvaluateConfig,
    answered: list["Predictions"],
    subsets: list["Subset"],
    similarities: list["SemanticSimilarity | None"],
    shown: "Gallery",
    homes: Mapping[str, Path],
) -> None:
    """Write and print the table of all grounders, splits and subsets; write a page for each."""
    from vg_mc.predictions.run import TRUNCATED
    from vg_mc.reports.pages.report_page import write_report
    from vg_mc.reports.tables.protocol import protocol_of
    from vg_mc.reports.tables.results import screen_text, write_results
    from vg_mc.scoring.subsets import remarks_text, score_all, subset_remarks

    reports, remarks = score_all(answered, subsets, similarities), subset_remarks(subsets, answered)
    if config.similarity_model is not None:
        remarks["similarity"] = f"of crops, encoded by {config.similarity_model}"
    write_results(reports, protocol_of(reports) | remarks, config.output)
    for name, home in homes.items():
        own = [each for each in answered if each.name == name]
        rows = [row for row in reports if row.name == name]
        write_report(own, rows, protocol_of(rows) | remarks, shown, home)
    truncated = [
        f"{each.name} on {each.split}: {each.provenance.notes[TRUNCATED]}"
        for each in answered
        if TRUNCATED in each.provenance.notes
    ]
    print("\n".join([screen_text(reports), *remarks_text(remarks), *truncated]))
