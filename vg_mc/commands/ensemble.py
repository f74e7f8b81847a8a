"""``ensemble.py``: predictions of several models in, those of their mean and one table out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError

if TYPE_CHECKING:
    from vg_mc.predictions import Predictions
    from vg_mc.predictions.ensembles import Rule
    from vg_mc.reports.pages.report_page import Gallery
    from vg_mc.scoring import SplitReport

Weighting = Literal["equal", "calibrated", "fitted", "probability", "rank"]


@dataclass(frozen=True)
class EnsembleConfig:
    """Let two or more evaluations answer together; no model is loaded for it."""

    predictions: tuple[Path, ...]
    """Two or more folders: each what evaluate.py wrote for a model, or one split of it."""

    output: Path
    """Folder of the results: a table, and the predictions of the ensemble."""

    name: str = "ensemble"
    """What tables call the ensemble."""

    subset: tuple[Path, ...] = ()
    """Files of expression ids (lines or a JSON list), scored as rows of their own."""

    split: tuple[str, ...] = ()
    """Splits to answer, by default all that the folders hold."""

    weighting: Weighting = "equal"
    """Mean of logits: as they are (equal, the seed's way), each at its own temperature
    (calibrated), or with the weights of least loss (fitted). Or mean of probabilities or ranks."""

    fit_on: tuple[Path, ...] = ()
    """For calibrated and fitted: each member's predictions of val, in the order of the members."""

    dataset: Path | None = None
    """Prepared dataset of the first member; without it the page has no pictures."""

    images: Path | None = None
    """Folder of the photos, to show them on the page instead of a candidate's picture."""

    examples: int = 24
    """Expressions of each split that are shown, as many of every verdict."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(EnsembleConfig, argv))


def run(config: EnsembleConfig) -> list["SplitReport"]:
    """Ensemble every split, write predictions and tables, print the table, return its rows."""
    from vg_mc.predictions import is_one_split, write_predictions
    from vg_mc.predictions.ensembles import combine
    from vg_mc.reports.pages.report_page import write_report
    from vg_mc.reports.tables.formats import terminal
    from vg_mc.reports.tables.members import MembersRow, members_table, write_members
    from vg_mc.reports.tables.protocol import protocol_of
    from vg_mc.reports.tables.results import screen_text, write_results
    from vg_mc.scoring.subsets import read_subsets, remarks_text, score_all, subset_remarks

    refuse_overwriting(config)
    subsets = read_subsets(config.subset)
    members = read_members(config)
    rule = read_rule(config, members)
    shown = gallery_of(config, members)
    # All splits are answered before anything is written: a mismatch leaves no half of a result.
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
    told = remarks_text({"weighting": rule.note} | remarks)
    print("\n".join([screen_text(rows), "", terminal(gains), "", *told]))
    return rows


def refuse_overwriting(config: EnsembleConfig) -> None:
    """Keep the results of the members as they are."""
    output = config.output.resolve()
    for folder in config.predictions:
        if folder.resolve().is_relative_to(output):
            raise BadInputError(f"{folder} lies here; results need another folder", file=output)


def gallery_of(config: EnsembleConfig, members: list[list["Predictions"]]) -> "Gallery":
    """Return where the page has its pictures from.

    Raises:
        BadInputError: If the dataset is not the one that the first member answered.
    """
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.reports.pages.report_page import Gallery

    if config.dataset is None:
        if config.images is not None:
            raise BadInputError("photos need a --dataset that names them", record="--images")
        return Gallery.of(None, None, config.examples)
    dataset = open_prepared(config.dataset)
    for first, *_ in members:
        if first.provenance.data_hash != dataset.data_hash:
            problem = f"not the dataset that {first.name!r} answered: {first.provenance.data_hash}"
            raise BadInputError(problem, file=config.dataset, record="--dataset")
    return Gallery.of(dataset, config.images, config.examples)


def read_members(config: EnsembleConfig) -> list[list["Predictions"]]:
    """Read the predictions of all members, a list of members for each split.

    Raises:
        BadInputError: If there are fewer than two, or they answer different splits.
    """
    if len(config.predictions) < 2:
        problem = f"an ensemble needs two or more --predictions, not {len(config.predictions)}"
        raise BadInputError(problem)
    evaluations = [read_splits(folder, config.split) for folder in config.predictions]
    first = evaluations[0]
    for folder, evaluation in zip(config.predictions, evaluations, strict=True):
        if evaluation.keys() != first.keys():
            problem = f"answers {list(evaluation)}, but {config.predictions[0]} {list(first)}"
            raise BadInputError(problem, file=folder)
    return [
        told_apart([evaluation[split] for evaluation in evaluations], config) for split in first
    ]


def read_splits(folder: Path, splits: Sequence[str]) -> dict[str, "Predictions"]:
    """Read the predictions of `splits`, or of all that are there where none is named."""
    from vg_mc.predictions import read_evaluation

    found = read_evaluation(folder)
    absent = sorted(set(splits) - set(found))
    if absent:
        raise BadInputError(f"no split {absent[0]!r}; there are {', '.join(found)}", file=folder)
    return {split: found[split] for split in found if split in splits or not splits}


def read_rule(config: EnsembleConfig, members: list[list["Predictions"]]) -> "Rule":
    """Return how the ensemble answers, fitted on what its members say of a validation split.

    Raises:
        BadInputError: If what there is to fit on is reported, is not of these members, or says that
            none of them is worth listening to.
    """
    from vg_mc.predictions.ensembles import refuse_same_expressions, rule_of

    fit_on = [read_one_split(folder) for folder in config.fit_on]
    if fit_on:
        fit_on = of_members(fit_on, members[0], config)
        for split in members:
            refuse_same_expressions(fit_on[0], split[0])
    rule = rule_of(config.weighting, fit_on)
    if rule.weights is not None and not any(rule.weights):
        problem = f"no weights make the right answers of {fit_on[0].split} likelier than chance"
        raise BadInputError(problem, record="--fit-on")
    return rule


def read_one_split(folder: Path) -> "Predictions":
    """Read the predictions of the only split that `folder` holds."""
    from vg_mc.predictions import read_evaluation

    found = read_evaluation(folder)
    if len(found) != 1:
        problem = f"holds {', '.join(found)}: name the folder of one split, such as val"
        raise BadInputError(problem, file=folder, record="--fit-on")
    return next(iter(found.values()))


def of_members(
    fit_on: list["Predictions"], members: list["Predictions"], config: EnsembleConfig
) -> list["Predictions"]:
    """Return `fit_on` under the names of the members, whose predictions they must be."""
    expected = [member.name for member in members]
    if len(fit_on) == len(members):
        fit_on = told_apart(fit_on, config)
    found = [each.name for each in fit_on]
    if expected != found:
        problem = f"expected predictions of {expected}, in this order, not of {found}"
        raise BadInputError(problem, record="--fit-on")
    return fit_on


def told_apart(members: list["Predictions"], config: EnsembleConfig) -> list["Predictions"]:
    """Add its folder to the name of every member that shares its name with another or with all."""
    names = [config.name, *(member.name for member in members)]
    return [
        member.renamed(f"{member.name} ({folder})") if names.count(member.name) > 1 else member
        for member, folder in zip(members, config.predictions, strict=True)
    ]
