"""Command ``ensemble.py``: combine predictions of several models, and report them in one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError
from vg_mc.records import Weighting

if TYPE_CHECKING:
    from vg_mc.predictions import Predictions
    from vg_mc.reports.pages.report_page import Gallery
    from vg_mc.scoring import SplitReport


@dataclass(frozen=True)
class EnsembleConfig:
    """Combine the predictions of two or more models; no model is loaded."""

    predictions: tuple[Path, ...]
    """Two or more folders that evaluate.py or python -m vg_mc score wrote, each of one model or of
    one split of it. Predicted boxes vote among the candidates of the other models, by IoU."""

    output: Path
    """Output folder of the tables and the predictions of the ensemble."""

    name: str = "ensemble"
    """Name of the ensemble in tables."""

    subset: tuple[Path, ...] = ()
    """Files of expression ids (lines or a JSON list), scored in additional rows."""

    split: tuple[str, ...] = ()
    """Splits to combine, by default all splits in the folders."""

    weighting: Weighting = "equal"
    """Mean of logits: unchanged (equal, as in clip-refcoco), with a fitted temperature per member
    (calibrated), or with jointly fitted weights (fitted). Or mean of probabilities or ranks."""

    fit_on: tuple[Path, ...] = ()
    """For calibrated and fitted: each member's predictions of val, in the order of the members."""

    dataset: Path | None = None
    """Prepared dataset of the first member; without it the page has no images."""

    images: Path | None = None
    """Folder of source images, to show them on the page instead of candidate images."""

    examples: int = 24
    """Number of expressions of each split on the page, balanced over outcomes."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(EnsembleConfig, argv))


def run(config: EnsembleConfig) -> list["SplitReport"]:
    """Combine every split, write predictions and tables, print the tables and return the rows."""
    from vg_mc.predictions import is_one_split, write_predictions
    from vg_mc.predictions.ensembles import (
        combine,
        ensemble_rule,
        read_fit_members,
        read_members,
    )
    from vg_mc.reports.pages.report_page import write_report
    from vg_mc.reports.tables.formats import terminal
    from vg_mc.reports.tables.members import MembersRow, members_table, write_members
    from vg_mc.reports.tables.protocol import protocol_of
    from vg_mc.reports.tables.results import screen_text, write_results
    from vg_mc.scoring.subsets import read_subsets, remarks_text, score_all, subset_remarks

    refuse_overwriting(config)
    subsets = read_subsets(config.subset)
    members = read_members(config.predictions, config.split, config.name)
    fit_on = read_fit_members(config.fit_on, config.predictions, members[0], config.name)
    rule = ensemble_rule(config.weighting, fit_on, [first for first, *_ in members])
    shown = gallery_of(config, members)
    # All splits are combined before anything is written, so an error leaves no partial results.
    ensembles = [combine(split, config.name, rule) for split in members]

    flat = all(map(is_one_split, config.predictions))
    rows, together = [], []
    for split, ensemble in zip(members, ensembles, strict=True):
        rows += score_all([*split, ensemble], subsets, [None] * (len(split) + 1))
        together.append(MembersRow.of(split, ensemble))
        write_predictions(ensemble, config.output if flat else config.output / ensemble.split)
    answered = [answers for split in members for answers in split]
    remarks = subset_remarks(subsets, answered)
    protocol = protocol_of(rows) | remarks
    gains = members_table(together)
    write_results(rows, protocol, config.output)
    write_members(together, config.output)
    write_report(ensembles, rows, protocol, shown, config.output, [gains])
    notes = remarks_text({"weighting": rule.note} | remarks)
    print("\n".join([screen_text(rows), "", terminal(gains), "", *notes]))
    return rows


def refuse_overwriting(config: EnsembleConfig) -> None:
    """Check that the output does not overwrite the results of a member.

    Raises:
        BadInputError: If a member's folder is the output folder or below it.
    """
    output = config.output.resolve()
    for folder in config.predictions:
        if folder.resolve().is_relative_to(output):
            problem = f"contains the predictions {folder}; choose another folder"
            raise BadInputError(problem, file=output, record="--output")


def gallery_of(config: EnsembleConfig, members: list[list["Predictions"]]) -> "Gallery":
    """Return the source of images for the page.

    Raises:
        BadInputError: If the dataset is not that of the first member's predictions.
    """
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.reports.pages.report_page import Gallery

    if config.dataset is None:
        if config.images is not None:
            problem = "has no effect without --dataset, which has the names of the files"
            raise BadInputError(problem, record="--images")
        return Gallery.of(None, None, config.examples)
    dataset = open_prepared(config.dataset)
    for first, *_ in members:
        if first.provenance.data_hash != dataset.data_hash:
            problem = (
                f"expected the dataset that {first.name!r} was evaluated on, with data hash "
                f"{first.provenance.data_hash}, found {dataset.data_hash}"
            )
            raise BadInputError(problem, file=config.dataset, record="--dataset")
    return Gallery.of(dataset, config.images, config.examples)
