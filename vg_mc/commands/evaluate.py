"""``evaluate.py``: models and a prepared dataset in, predictions and result tables out."""

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


@dataclass(frozen=True)
class EvaluateConfig:
    """Let models choose among all candidates of every expression, and score them."""

    dataset: Path
    """Prepared dataset."""

    output: Path
    """Folder of the results: a table, a page, and SPLIT below it; with several answerers, each has
    its page and splits in NAME."""

    grounder: Annotated[tuple[str, ...], tyro.conf.arg(help=GROUNDER_HELP)] = ("clip",)

    model: tuple[str, ...] = ()
    """For clip, as for finetune.py; RUN/best is the model that a run kept. Grounders that end in
    -model also take sentence:ID_OR_FOLDER, an encoder of texts. Several share one table."""

    split: tuple[str, ...] = ("val",)
    """Splits to answer."""

    name: tuple[str, ...] = ()
    """What tables call each model, then each other grounder; RUN for RUN/best by default."""

    subset: tuple[Path, ...] = ()
    """Files of expression ids (lines or a JSON list), scored as rows of their own."""

    examples: Annotated[int, AT_LEAST_0] = 24
    """Expressions of each split that are shown, as many of every verdict."""

    images: Path | None = None
    """Folder of the photos, to show them on the page instead of a candidate's picture."""

    grounders: GrounderOptions = field(default_factory=GrounderOptions)
    encoding: EncodingOptions = field(default_factory=EncodingOptions)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(EvaluateConfig, argv))


def run(config: EvaluateConfig) -> list["Predictions"]:
    """Evaluate as `config` says, on every process that was launched; return the predictions."""
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
    homes = homes_of(config.output, [one.name for one in grounders])
    answered, similarities = [], []
    for one, context in zip(grounders, contexts, strict=True):
        found, similar = answer_splits(one, context, dataset, config.split)
        if accelerator.is_main_process:
            write_answers(found, shown, homes[one.name])
        answered += found
        similarities += similar
    if accelerator.is_main_process:
        report(config.output, answered, subsets, similarities, shown, homes)
    accelerator.end_training()
    return answered


def selected_grounders(config: EvaluateConfig) -> list[Selected]:
    """Return the rows of the table, with the names that tables call them.

    Raises:
        BadInputError: If a grounder is unknown or lacks its model, there are more or fewer names
            than rows, or two share a folder.
    """
    selected = select(config.grounder, config.model, config.grounders, config.name)
    folders = [folder_name(one.name) for one in selected]
    for one, folder in zip(selected, folders, strict=True):
        if folders.count(folder) > 1:
            problem = f"two models would be written to {folder}: tell them apart by --name"
            raise BadInputError(problem, record=one.name)
    return selected


def context_of(
    config: EvaluateConfig, accelerator: "Accelerator", dataset: "PreparedDataset", model: str
) -> Context:
    """Return what a grounder of the expressions of a prepared dataset is built from."""

    def texts_of_corpus() -> list[str]:
        """Return the texts of the split train, or of the evaluated ones if there is none."""
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


def homes_of(output: Path, names: Sequence[str]) -> dict[str, Path]:
    """Return the folder of what is about one answerer alone, by its name."""
    several = len(names) > 1
    return {name: output / folder_name(name) if several else output for name in names}


def folder_name(name: str) -> str:
    """Return `name` without what a path would take for more than a name."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "model"


def answer_splits(
    selected: Selected, context: Context, dataset: "PreparedDataset", splits: Sequence[str]
) -> tuple[list["Predictions"], list["SemanticSimilarity | None"]]:
    """Let one grounder answer every split; similarities are reported where features are kept."""
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
    """Refuse a wrong split before the first one is answered."""
    for split in splits:
        if split not in dataset.splits:
            problem = f"no split {split!r}; there are {', '.join(dataset.splits)}"
            raise BadInputError(problem, file=dataset.folder)
        if splits.count(split) > 1:
            raise BadInputError(f"the split {split!r} is named twice", record="--split")


def write_answers(answered: list["Predictions"], shown: "Gallery", home: Path) -> None:
    """Write one model's predictions and a picture of examples, a folder per split below `home`."""
    from vg_mc.predictions import write_predictions
    from vg_mc.reports.contact_sheet import write_contact_sheet
    from vg_mc.reports.pages.examples import spread_rows

    for predictions in answered:
        folder = home / predictions.split
        write_predictions(predictions, folder)
        rows = spread_rows(predictions, shown.each)
        write_contact_sheet(predictions, rows, shown.pictures_of, folder / "examples.png")


def report(
    output: Path,
    answered: list["Predictions"],
    subsets: list["Subset"],
    similarities: list["SemanticSimilarity | None"],
    shown: "Gallery",
    homes: Mapping[str, Path],
) -> None:
    """Write the table of all models, splits and subsets and print it, and a page for each model."""
    from vg_mc.reports.pages.report_page import write_report
    from vg_mc.reports.tables.protocol import protocol_of
    from vg_mc.reports.tables.results import screen_text, write_results
    from vg_mc.scoring.subsets import remarks_text, score_all, subset_remarks

    reports, remarks = score_all(answered, subsets, similarities), subset_remarks(subsets, answered)
    write_results(reports, protocol_of(reports) | remarks, output)
    for name, home in homes.items():
        own = [each for each in answered if each.name == name]
        rows = [row for row in reports if row.name == name]
        write_report(own, rows, protocol_of(rows) | remarks, shown, home)
    print("\n".join([screen_text(reports), *remarks_text(remarks)]))
