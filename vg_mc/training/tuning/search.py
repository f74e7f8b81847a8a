"""Hyperparameter search, which runs each trial in a separate process and keeps the best model."""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from vg_mc.errors import BadInputError
from vg_mc.training.tuning import trial_process
from vg_mc.training.tuning.study import Study, Trial, best_of


def locked(output: Path) -> FileLock:
    """Return an acquired lock on the study in `output`; it is released with the process.

    Raises:
        BadInputError: If another process holds the lock.
    """
    output.mkdir(parents=True, exist_ok=True)
    lock = FileLock(output / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        problem = "another process is using this study; wait for it or choose another --output"
        raise BadInputError(problem, file=output) from error
    return lock


def search(
    study: Study,
    output: Path,
    trials: int,
    flags_of: Callable[[Path, Mapping[str, object]], Sequence[str]],
    after_trial: Callable[[], None],
) -> None:
    """Run trials until the study has `trials` of them.

    Args:
        study: Proposes values and records results.
        output: Folder of the study, with a folder and a log per trial.
        trials: Number of trials, earlier ones included.
        flags_of: Returns the flags of finetune.py for the folder and the values of a trial.
        after_trial: Called after each trial.
    """
    for trial in study.open_trials(trials):
        run = output / folder_name(trial.number)
        print(f"{run.name}: {trial.params}", flush=True)
        outcome = trial_process.watch(
            [sys.executable, "-m", "vg_mc", "finetune", *flags_of(run, trial.params)],
            run,
            run.with_suffix(".log"),
            partial(study.is_hopeless, trial),
        )
        study.tell(trial, outcome)
        print(f"{run.name}: {outcome.ending} {outcome.problem}".rstrip(), flush=True)
        tidy(output, study.trials())
        after_trial()


def folder_name(number: int) -> str:
    """Return the name of a trial's folder."""
    return f"trial-{number:04d}"


def tidy(output: Path, trials: Sequence[Trial]) -> None:
    """Remove the checkpoints of finished trials, and all models except the best."""
    best = best_of(list(trials))
    for trial in trials:
        if trial.state != "unfinished":
            run = output / folder_name(trial.number)
            shutil.rmtree(run / "checkpoints", ignore_errors=True)
            if trial != best:
                shutil.rmtree(run / "best", ignore_errors=True)
