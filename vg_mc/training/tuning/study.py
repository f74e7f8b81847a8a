"""The order of the trials, which Optuna chooses and keeps in a database (https://optuna.org).

Every trial's proposal has the key (seed, number of the trial), so that a study that was killed
proposes the same trials as one that was not.
"""

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from vg_mc.errors import BadInputError
from vg_mc.training.tuning.space import Choice, Range, Space, Value
from vg_mc.training.tuning.trial_process import Outcome

if TYPE_CHECKING:
    import optuna

DATABASE = "study.sqlite3"
STUDY_NAME = "vg_mc"
TRIALS_BEFORE_PRUNING = 4  # a median of fewer says little

State = Literal["complete", "pruned", "failed", "unfinished"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What is known of a trial.

    Attributes:
        number: Counted from 0, the recipe as it is.
        values: Of the searched flags.
        accuracy: Best on val, None where no epoch was finished.
        epochs: How many were finished.
        problem: Why it failed.
    """

    number: int
    state: State
    values: Mapping[str, Value]
    accuracy: float | None
    epochs: int
    problem: str


def require_optuna() -> None:
    """Make sure that the library is there.

    Raises:
        BadInputError: If it is not.
    """
    if importlib.util.find_spec("optuna") is None:
        raise BadInputError("tuning needs Optuna, an optional part: pip install optuna")


class Study:
    """Trials on disk, and the choice of the next one."""

    def __init__(self, folder: Path, space: Space, *, seed: int, prune: bool) -> None:
        """Open the study in `folder`, or begin one."""
        import optuna
        from sqlalchemy import URL

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.space = space
        self.seed = seed
        self._optuna = optuna
        address = URL.create("sqlite", database=str(folder.resolve() / DATABASE))
        pruner = optuna.pruners.MedianPruner(n_startup_trials=TRIALS_BEFORE_PRUNING)
        self._study = optuna.create_study(
            storage=address.render_as_string(),
            study_name=STUDY_NAME,
            direction="maximize",
            pruner=pruner if prune else optuna.pruners.NopPruner(),
            load_if_exists=True,
        )

    def begin_with(self, values: Mapping[str, object]) -> None:
        """Make the recipe as it is the first trial, where it lies in the space."""
        if not self._study.trials and all(
            each.holds(values[name]) for name, each in self.space.items()
        ):
            self._study.enqueue_trial({name: values[name] for name in self.space})

    def open_trials(self, count: int) -> Iterator["optuna.Trial"]:
        """Yield trials to run until there are `count`: first those that were left unfinished."""
        left = self._study.get_trials(states=(self._optuna.trial.TrialState.RUNNING,))
        for frozen in left:
            yield self._optuna.Trial(self._study, frozen._trial_id)  # noqa: SLF001 - no other way
        while (number := len(self.trials())) < count:
            # Anew for each: the state of a sampler would be lost with the process.
            (key,) = np.random.SeedSequence((self.seed, number)).generate_state(1)
            self._study.sampler = self._optuna.samplers.TPESampler(seed=int(key))
            yield self._study.ask(fixed_distributions=self._distributions())

    def is_hopeless(self, trial: "optuna.Trial", epoch: int, accuracy: float) -> bool:
        """Take down the accuracy after an epoch; say whether the trial should be given up."""
        if epoch not in self._study.trials[trial.number].intermediate_values:
            trial.report(accuracy, epoch)
        return bool(trial.should_prune())  # a NumPy truth otherwise

    def tell(self, trial: "optuna.Trial", outcome: Outcome) -> None:
        """Take down how a trial ended."""
        states = self._optuna.trial.TrialState
        trial.set_user_attr("problem", outcome.problem)
        if outcome.ending == "complete":
            self._study.tell(trial, max(outcome.accuracies))
        else:
            state = states.PRUNED if outcome.ending == "pruned" else states.FAIL
            self._study.tell(trial, state=state)

    def trials(self) -> list[Trial]:
        """Return all trials that were begun, in order."""
        waiting = self._optuna.trial.TrialState.WAITING
        return [_described(trial) for trial in self._study.trials if trial.state != waiting]

    def _distributions(self) -> dict[str, "optuna.distributions.BaseDistribution"]:
        kinds = self._optuna.distributions
        return {
            name: (
                kinds.CategoricalDistribution(each.values)
                if isinstance(each, Choice)
                else _numbers(each)
            )
            for name, each in self.space.items()
        }


def _numbers(numbers: Range) -> "optuna.distributions.BaseDistribution":
    from optuna.distributions import FloatDistribution, IntDistribution

    if isinstance(numbers.low, int) and isinstance(numbers.high, int):
        return IntDistribution(numbers.low, numbers.high, log=numbers.logarithmic)
    return FloatDistribution(numbers.low, numbers.high, log=numbers.logarithmic)


def _described(trial: "optuna.trial.FrozenTrial") -> Trial:
    states: dict[str, State] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
    reached = trial.intermediate_values
    return Trial(
        number=trial.number,
        state=states.get(trial.state.name, "unfinished"),
        values=trial.params,
        accuracy=max(reached.values(), default=None),
        epochs=len(reached),
        problem=trial.user_attrs.get("problem", ""),
    )


def best_of(trials: list[Trial]) -> Trial | None:
    """Return the best trial that was trained to its end, the first of equals."""
    finished = [trial for trial in trials if trial.state == "complete"]
    return max(finished, key=lambda trial: trial.accuracy or 0.0, default=None)
