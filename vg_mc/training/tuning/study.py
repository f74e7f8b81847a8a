"""Study of trials, which are proposed and stored by Optuna (https://optuna.org).

The sampler of each trial is seeded with the seed of the study and the number of the trial, so that
an interrupted study proposes the same trials as an uninterrupted one.
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
TRIALS_BEFORE_PRUNING = 4  # the median of fewer is unreliable

State = Literal["complete", "pruned", "failed", "unfinished"]


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings and results of a trial.

    Attributes:
        number: Number of the trial; trial 0 is the unchanged recipe.
        values: Values of the searched flags.
        accuracy: Best accuracy on val, None if no epoch was finished.
        epochs: Number of finished epochs.
        problem: Error message of a failed trial.
    """

    number: int
    state: State
    values: Mapping[str, Value]
    accuracy: float | None
    epochs: int
    problem: str


def require_optuna() -> None:
    """Check that Optuna is installed.

    Raises:
        BadInputError: If Optuna is not installed.
    """
    if importlib.util.find_spec("optuna") is None:
        raise BadInputError("tuning requires Optuna: pip install optuna")


class Study:
    """Optuna study on disk, which records trials and proposes new ones."""

    def __init__(self, folder: Path, space: Space, *, seed: int, prune: bool) -> None:
        """Open the study in `folder`, or create it."""
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
        """Enqueue `values` as the first trial if they are in the search space."""
        if not self._study.trials and all(
            each.holds(values[name]) for name, each in self.space.items()
        ):
            self._study.enqueue_trial({name: values[name] for name in self.space})

    def open_trials(self, count: int) -> Iterator["optuna.Trial"]:
        """Yield unfinished trials, then new ones until there are `count`."""
        left = self._study.get_trials(states=(self._optuna.trial.TrialState.RUNNING,))
        for frozen in left:
            yield self._optuna.Trial(self._study, frozen._trial_id)  # noqa: SLF001 - no public API
        while (number := len(self.trials())) < count:
            # A new sampler per trial, since its state is lost when the process ends.
            (key,) = np.random.SeedSequence((self.seed, number)).generate_state(1)
            self._study.sampler = self._optuna.samplers.TPESampler(seed=int(key))
            yield self._study.ask(fixed_distributions=self._distributions())

    def is_hopeless(self, trial: "optuna.Trial", epoch: int, accuracy: float) -> bool:
        """Record the accuracy of an epoch; return whether to prune the trial."""
        if epoch not in self._study.trials[trial.number].intermediate_values:
            trial.report(accuracy, epoch)
        return bool(trial.should_prune())  # may be a NumPy bool

    def tell(self, trial: "optuna.Trial", outcome: Outcome) -> None:
        """Record the outcome of a trial."""
        states = self._optuna.trial.TrialState
        trial.set_user_attr("problem", outcome.problem)
        if outcome.ending == "complete":
            self._study.tell(trial, max(outcome.accuracies))
        else:
            state = states.PRUNED if outcome.ending == "pruned" else states.FAIL
            self._study.tell(trial, state=state)

    def trials(self) -> list[Trial]:
        """Return all started trials, in order."""
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
    """Return the complete trial with the best accuracy, the first one in case of ties."""
    finished = [trial for trial in trials if trial.state == "complete"]
    return max(finished, key=lambda trial: trial.accuracy or 0.0, default=None)
