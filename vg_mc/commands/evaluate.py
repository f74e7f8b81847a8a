"""``evaluate.py``: models and a prepared dataset in, predictions and result tables out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.commands.grounders import PICTURES, Answerer, answerers
from vg_mc.commands.scorers import check_looks, scorer_of
from vg_mc.errors import BadInputError
from vg_mc.flags.evaluate import EvaluateConfig
from vg_mc.records import TRAIN_SPLIT
from vg_mc.system.launch import start_accelerator

if TYPE_CHECKING:
    from accelerate import Accelerator

    from vg_mc.metrics.similarity import SemanticSimilarity
    from vg_mc.predictions import Predictions
    from vg_mc.prepared.dataset import PreparedDataset
    from vg_mc.reports.pages.report_page import Gallery
    from vg_mc.scoring import Subset


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(EvaluateConfig, argv))


def run(config: EvaluateConfig) -> list["Predictions"]:
    """Evaluate as `config` says, on every process that was launched; return the predictions."""
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.reports.pages.report_page import Gallery
    from vg_mc.scoring.subsets import read_subsets

    named, subsets = named_answerers(config), read_subsets(config.subset)
    accelerator = start_accelerator(config.mixed_precision)
    dataset = open_prepared(config.dataset)
    check_splits(config, dataset)
    check_looks(config, dataset)
    shown = Gallery.of(dataset, config.images, config.examples)
    homes = homes_of(config, [answerer.name for answerer in named])
    answered, similarities = [], []
    for answerer in named:
        found, similar = answer_splits(config, accelerator, dataset, answerer)
        if accelerator.is_main_process:
            write_answers(found, shown, homes[answerer.name])
        answered += found
        similarities += similar
    if accelerator.is_main_process:
        report(config, answered, subsets, similarities, shown, homes)
    accelerator.end_training()
    return answered


def named_answerers(config: EvaluateConfig) -> list[Answerer]:
    """Return what is to answer, by the names that tables call each.

    Raises:
        BadInputError: If a grounder is unknown or lacks its model, there are more or fewer names
            than answerers, or two share a folder.
    """
    chosen = answerers(config.grounder, config.model, config.captioner)
    if config.name and len(config.name) != len(chosen):
        problem = f"expected a name for each of {len(chosen)} models, not {len(config.name)}"
        raise BadInputError(problem, record="--name")
    names = [*config.name] or [one.name for one in chosen]
    folders = [folder_name(name) for name in names]
    for name, folder in zip(names, folders, strict=True):
        if folders.count(folder) > 1:
            problem = f"two models would be written to {folder}: tell them apart by --name"
            raise BadInputError(problem, record=name)
    return [
        one._replace(name=f"{name}, mirrored" if config.flip and one.grounder == PICTURES else name)
        for one, name in zip(chosen, names, strict=True)
    ]


def homes_of(config: EvaluateConfig, names: Sequence[str]) -> dict[str, Path]:
    """Return the folder of what is about one answerer alone, by its name."""
    several = len(names) > 1
    return {name: config.output / folder_name(name) if several else config.output for name in names}


def folder_name(name: str) -> str:
    """Return `name` without what a path would take for more than a name."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "model"


def answer_splits(
    config: EvaluateConfig,
    accelerator: "Accelerator",
    dataset: "PreparedDataset",
    answerer: Answerer,
) -> tuple[list["Predictions"], list["SemanticSimilarity | None"]]:
    """Let one answerer answer every split; similarities are told where features are kept."""
    from vg_mc.grounders.clip import EncoderScorer
    from vg_mc.predictions.run import answer
    from vg_mc.scoring.region_similarity import region_similarity

    scorer = scorer_of(config, accelerator, dataset, answerer)
    answered: list[Predictions] = []
    similarities: list[SemanticSimilarity | None] = []
    for split in config.split:
        predictions = answer(scorer, dataset, split)
        facts = {**facts_of(dataset, split), **scorer.facts}
        answered.append(replace(predictions, name=answerer.name, facts=facts))
        similarities.append(
            region_similarity(scorer.bank, scorer, predictions)
            if isinstance(scorer, EncoderScorer) and scorer.bank is not None
            else None
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
    config: EvaluateConfig,
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
    write_results(reports, protocol_of(answered) | remarks, config.output)
    for name, home in homes.items():
        own = [each for each in answered if each.name == name]
        rows = [row for row in reports if row.name == name]
        write_report(own, rows, protocol_of(own) | remarks, shown, home)
    print("\n".join([screen_text(reports), *remarks_text(remarks)]))


def facts_of(dataset: "PreparedDataset", split: str) -> dict[str, str]:
    """Return what a reader of the numbers should know of the questions."""
    from vg_mc.prepared.detector_exposure import exposure
    from vg_mc.proposers.naming import proposer_in_words
    from vg_mc.system.versions import versions

    settings, exposed = dataset.manifest["settings"], exposure(dataset)
    proposer = settings["train_proposer" if split == TRAIN_SPLIT else "proposer"]
    return {
        "corpus": dataset.manifest["corpus"],
        "proposals": proposer_in_words(proposer),
        "detector saw test photos": f"{exposed.name.lower()}: {exposed}",
        "pictures": f"{settings['fit']} to {settings['image_size']} pixels",
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
    }
