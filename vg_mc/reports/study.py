"""What a study found: a row per trial, and how accuracy went with time and with each setting."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from tabulate import tabulate

from vg_mc.reports.tables.escaping import markdown
from vg_mc.system.atomic import whole_file, write_whole_text
from vg_mc.training.tuning.space import Range, Space
from vg_mc.training.tuning.study import Trial, best_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = ("trial", "state", "accuracy on val", "epochs")
COLOURS = {"complete": "tab:blue", "pruned": "tab:orange", "failed": "tab:red"}


def trial_rows(trials: Sequence[Trial], names: Sequence[str]) -> list[dict[str, object]]:
    """Return a row per trial, its searched flags `names` included."""
    return [
        {
            **dict(zip(COLUMNS, _outcome(each), strict=True)),
            **{name: each.values.get(name) for name in names},
            "problem": each.problem,
        }
        for each in trials
    ]


def _outcome(trial: Trial) -> tuple[object, ...]:
    return trial.number, trial.state, trial.accuracy, trial.epochs


def trials_markdown(trials: Sequence[Trial], names: Sequence[str]) -> str:
    """Return the rows as a table for people, numbers short."""
    rows = [
        {name: _shown(value) for name, value in row.items()} for row in trial_rows(trials, names)
    ]
    return tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True)


def write_trials(trials: Sequence[Trial], names: Sequence[str], folder: Path) -> None:
    """Write ``trials.md``, and ``trials.csv`` with all digits."""
    write_whole_text(folder / "trials.md", trials_markdown(trials, names) + "\n")
    text = io.StringIO()
    writer = csv.DictWriter(text, [*COLUMNS, *names, "problem"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(trial_rows(trials, names))
    write_whole_text(folder / "trials.csv", text.getvalue())


def write_study_picture(trials: Sequence[Trial], space: Space, picture: Path) -> None:
    """Draw the best accuracy so far over the trials, and accuracy over each searched flag."""
    # Not pyplot: it would keep every figure of the process and ask for a display.
    from matplotlib.figure import Figure

    known = [trial for trial in trials if trial.accuracy is not None]
    figure = Figure(figsize=(4 * (1 + len(space)), 3.2), dpi=120, layout="constrained")
    history, *panels = figure.subplots(1, 1 + len(space), squeeze=False)[0]
    _scatter(history, known, {trial.number: trial.number for trial in known})
    finished = [trial for trial in known if trial.state == "complete"]
    best = accumulate((trial.accuracy or 0.0 for trial in finished), max)
    history.step([trial.number for trial in finished], list(best), where="post", color="tab:blue")
    history.set_xlabel("trial")
    history.set_ylabel("accuracy on val (IoU > 0.5)")
    for panel, (name, each) in zip(panels, space.items(), strict=True):
        _scatter(panel, known, {trial.number: _place(trial, name, space) for trial in known})
        panel.set_xlabel(name)
        if isinstance(each, Range):
            panel.set_xscale("log" if each.logarithmic else "linear")
        else:
            panel.set_xticks(range(len(each.values)), [str(value) for value in each.values])
    if known:
        history.legend(loc="lower right", fontsize="small")
    with whole_file(picture) as partial:
        figure.savefig(partial, metadata={"Software": None})  # the same bytes in any version


def best_recipe(recipe: Mapping[str, object], trials: Sequence[Trial], source: str) -> str | None:
    """Return the recipe with the values of the best trial, as YAML; None without such a trial."""
    best = best_of(list(trials))
    if best is None:
        return None
    finished = sum(trial.state == "complete" for trial in trials)
    head = (
        f"# {source} with the values of trial {best.number}, the best of {finished}\n"
        f"# that were trained to their end, by accuracy on val: {best.accuracy:.4f}.\n"
    )
    settings = {**recipe, **{name: str(value) for name, value in best.values.items()}}
    return head + "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items())


def _scatter(axes: "Axes", trials: Sequence[Trial], places: Mapping[int, float]) -> None:
    for state, colour in COLOURS.items():
        ours = [trial for trial in trials if trial.state == state]
        if ours:
            across = [places[trial.number] for trial in ours]
            upward = [trial.accuracy or 0.0 for trial in ours]
            axes.scatter(across, upward, s=20, color=colour, label=state)
    axes.grid(alpha=0.3)


def _place(trial: Trial, name: str, space: Space) -> float:
    value, each = trial.values[name], space[name]
    if isinstance(each, Range):
        return float(value)
    return float(each.values.index(value))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else markdown(str(value))
