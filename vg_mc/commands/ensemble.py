"""``ensemble.py``: predictions of several models in, those of their mean and one table out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vg_mc.commands.failing import plain_errors
from vg_mc.config import parse_config
from vg_mc.faults import BadInputError

if TYPE_CHECKING:
    from vg_mc.predictions import Predictions
    from vg_mc.reports.tables import ResultRow


@dataclass(frozen=True)
class EnsembleConfig:
    """Average the logits of two or more evaluations; no model is loaded for it."""

    predictions: tuple[Path, ...]
    """Two or more folders: each what evaluate.py wrote, or one split of it."""

    output: Path
    """Folder of the results: a table, and the predictions of the ensemble."""

    name: str = "ensemble"
    """What tables call the ensemble."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(EnsembleConfig, argv))


def run(config: EnsembleConfig) -> list["ResultRow"]:
    """Ensemble every split, write predictions and tables, print the table, return its rows."""
    from vg_mc.ensembling import average
    from vg_mc.predictions import is_one_split, write_predictions
    from vg_mc.reports.tables import protocol_of, result_row, screen_text, write_results

    refuse_overwriting(config)
    members = read_members(config)
    # All splits are averaged before anything is written: a mismatch leaves no half of a result.
    ensembles = [average(split, config.name) for split in members]

    flat = all(map(is_one_split, config.predictions))
    rows = []
    for split, ensemble in zip(members, ensembles, strict=True):
        rows += [result_row(answers) for answers in [*split, ensemble]]
        write_predictions(ensemble, config.output if flat else config.output / ensemble.split)
    protocol = protocol_of([answers for split in members for answers in split])
    write_results(rows, protocol, config.output)
    print(screen_text(rows))
    return rows


def refuse_overwriting(config: EnsembleConfig) -> None:
    """Keep the results of the members as they are."""
    output = config.output.resolve()
    for folder in config.predictions:
        if folder.resolve().is_relative_to(output):
            raise BadInputError(f"{folder} lies here; results need another folder", file=output)


def read_members(config: EnsembleConfig) -> list[list["Predictions"]]:
    """Read the predictions of all members, a list of members for each split.

    Raises:
        BadInputError: If there are fewer than two, or they answer different splits.
    """
    from vg_mc.predictions import read_evaluation

    if len(config.predictions) < 2:
        problem = f"an ensemble needs two or more --predictions, not {len(config.predictions)}"
        raise BadInputError(problem)
    evaluations = [read_evaluation(folder) for folder in config.predictions]
    first = evaluations[0]
    for folder, evaluation in zip(config.predictions, evaluations, strict=True):
        if evaluation.keys() != first.keys():
            problem = f"answers {list(evaluation)}, but {config.predictions[0]} {list(first)}"
            raise BadInputError(problem, file=folder)
    return [
        told_apart([evaluation[split] for evaluation in evaluations], config.predictions)
        for split in first
    ]


def told_apart(members: list["Predictions"], folders: Sequence[Path]) -> list["Predictions"]:
    """Add its folder to the name of every member that shares its name with another one."""
    names = [member.name for member in members]
    return [
        replace(member, name=f"{member.name} ({folder})")
        if names.count(member.name) > 1
        else member
        for member, folder in zip(members, folders, strict=True)
    ]
