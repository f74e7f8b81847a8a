"""The table of the trials of a study, and the recipe of the best trial."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vg_mc.reports.tables.formats import csv_table, markdown_table
from vg_mc.reports.tables.table import Table
from vg_mc.system.atomic import write_whole_text

if TYPE_CHECKING:  # its module imports torch
    from vg_mc.training.tuning.study import Trial


def trials_table(trials: "Sequence[Trial]", names: Sequence[str], *, brief: bool = False) -> Table:
    """Return a table with one row per trial.

    Args:
        trials: The trials.
        names: The searched flags, one column each.
        brief: Whether to round numbers to four significant digits.
    """
    headings = ["trial", "state", "accuracy on val", "epochs", *names, "problem"]
    rows = [
        [
            *(str(trial.number), trial.state, _text(trial.accuracy, brief=brief)),
            str(trial.epochs),
            *(_text(trial.values.get(name), brief=brief) for name in names),
            trial.problem,
        ]
        for trial in trials
    ]
    return Table(headings, rows, align="rlrr" + "r" * len(names) + "l")


def _text(value: float | str | None, *, brief: bool) -> str | None:
    if value is None:
        return None
    return f"{value:.4g}" if brief and isinstance(value, float) else str(value)


def write_trials(trials: "Sequence[Trial]", names: Sequence[str], folder: Path) -> None:
    """Write ``trials.md``, and ``trials.csv`` with all digits."""
    brief = markdown_table(trials_table(trials, names, brief=True))
    write_whole_text(folder / "trials.md", f"{brief}\n")
    write_whole_text(folder / "trials.csv", csv_table(trials_table(trials, names)))


def best_recipe(recipe: Mapping[str, object], trials: "Sequence[Trial]", source: str) -> str | None:
    """Return the recipe with the values of the best trial, as YAML; None if no trial finished."""
    from vg_mc.training.tuning.study import best_of

    best = best_of(list(trials))
    if best is None:
        return None
    finished = sum(trial.state == "complete" for trial in trials)
    head = (
        f"# {source} with the values of trial {best.number}, the best of {finished}\n"
        f"# completed trials by accuracy on val: {best.accuracy:.4f}.\n"
    )
    settings = {**recipe, **{name: str(value) for name, value in best.values.items()}}
    return head + "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items())
