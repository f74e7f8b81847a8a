"""Command ``python -m vg_mc tune``, which searches hyperparameters and writes the best recipe."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from vg_mc.commands.config import parse_config, parse_flags, read_mapping
from vg_mc.commands.error_output import plain_errors
from vg_mc.commands.finetune import FinetuneConfig
from vg_mc.errors import BadInputError
from vg_mc.system.atomic import write_whole_text
from vg_mc.system.launch import processes_launched
from vg_mc.system.options import AT_LEAST_1, check_ranges, flag_name, flat, indecisive
from vg_mc.training.run_record import require_same

if TYPE_CHECKING:
    from vg_mc.training.tuning.space import Space
    from vg_mc.training.tuning.study import Study


@dataclass(frozen=True)
class TuneConfig:
    """Search hyperparameters; each trial is a run of finetune.py."""

    recipe: Path
    """YAML file of flags of finetune.py; trial 0 is the unchanged recipe."""

    dataset: Path
    """Prepared dataset, with the splits train and val."""

    output: Path
    """Folder of the study: trials.md, trials.csv, study.png, best.yaml, trial-0000/ and so on. An
    existing study is continued."""

    search: tuple[str, ...]
    """Search space: flag=low..high, flag=low..high:log or flag=value,value,... (several)."""

    trials: Annotated[int, AT_LEAST_1] = 20
    """Total number of trials, existing ones included."""

    prune: bool = True
    """Stop a trial whose accuracy is below the median of earlier trials after the same epoch."""

    seed: int = 0
    """Seed of the proposed trials; the seed of the trainings is set in the recipe."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_flags(TuneConfig, sys.argv[1:] if argv is None else argv))


def run(config: TuneConfig) -> None:
    """Start or continue the study until it has `trials` trials."""
    from vg_mc.training.tuning.search import locked, search
    from vg_mc.training.tuning.space import read_space
    from vg_mc.training.tuning.study import Study, best_of, require_optuna

    require_optuna()
    check_ranges(config)
    if processes_launched() > 1:
        raise BadInputError("tune starts its own processes; run it without a launcher")
    space = read_space(config.search, FinetuneConfig, fixed=indecisive(FinetuneConfig))
    require_trainable(config, space)
    recipe = parse_config(FinetuneConfig, training_flags(config, config.output, {}))
    with locked(config.output):
        claim(config)
        study = Study(config.output, space, seed=config.seed, prune=config.prune)
        study.begin_with({flag_name(name): value for name, value in flat(recipe).items()})
        search(
            study,
            config.output,
            config.trials,
            partial(training_flags, config),
            partial(report, config, study),
        )
        best = best_of(study.trials())
    if best is None:
        raise BadInputError(
            "no trial is complete; trials.md has the reason of each", file=config.output
        )
    print(f"best trial: {best.number}, accuracy on val: {best.accuracy:.4f}")
    print(f"recipe saved to {config.output / 'best.yaml'}")


def require_trainable(config: TuneConfig, space: "Space") -> None:
    """Check that the ends of the search space are valid values, before any training starts.

    Raises:
        BadInputError: If a value is out of the range of its flag.
        SystemExit: If a flag does not accept a value.
    """
    for name, each in space.items():
        for end in each.ends:
            flags = training_flags(config, config.output, {name: end})
            parse_config(FinetuneConfig, flags).training.check()


def training_flags(config: TuneConfig, run: Path, values: Mapping[str, object]) -> list[str]:
    """Return the flags of finetune.py for one trial."""
    return [
        *("--recipe", str(config.recipe), "--dataset", str(config.dataset), "--output", str(run)),
        *(f"--{name}={value}" for name, value in values.items()),
    ]


def claim(config: TuneConfig) -> None:
    """Write study.json of a new study, or check that an existing study has the same settings.

    Raises:
        BadInputError: If the settings differ; the message names each.
    """
    from vg_mc.prepared.dataset import open_prepared

    settings = {
        "recipe": dict(read_mapping(config.recipe)),
        "search": list(config.search),
        "seed": config.seed,
        "prune": config.prune,
        "data_hash": open_prepared(config.dataset).data_hash,
    }
    path = config.output / "study.json"
    if path.exists():
        require_same(path, settings, "study")
    else:
        write_whole_text(path, dumps({"settings": settings}, indent=2) + "\n")


def report(config: TuneConfig, study: "Study") -> None:
    """Write the table and the plot of all trials, and the recipe of the best one."""
    from vg_mc.reports.plots import write_study_picture
    from vg_mc.reports.study import best_recipe, write_trials

    trials = study.trials()
    write_trials(trials, list(study.space), config.output)
    write_study_picture(trials, study.space, config.output / "study.png")
    recipe = best_recipe(read_mapping(config.recipe), trials, config.recipe.name)
    if recipe is not None:
        write_whole_text(config.output / "best.yaml", recipe)
