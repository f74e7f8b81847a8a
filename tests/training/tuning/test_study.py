"""A study proposes the same trials whether it was killed or not, and forgets none."""

import importlib.util

import pytest

from tests.refusals import refused
from vg_mc.training.tuning.space import Choice, Range
from vg_mc.training.tuning.study import Study, Trial, best_of, require_optuna
from vg_mc.training.tuning.trial_process import Outcome

SPACE = {
    "learning-rate": Range(1e-6, 1e-4, logarithmic=True),
    "epochs": Range(1, 5, logarithmic=False),
    "targets": Choice(("hard", "iou")),
}
RECIPE = {"learning-rate": 8e-6, "epochs": 5, "targets": "hard"}


def opened(folder, *, seed=0, prune=True) -> Study:
    return Study(folder, SPACE, seed=seed, prune=prune)


def searched(study: Study, count: int) -> None:
    """Run trials whose accuracy follows from their values."""
    for trial in study.open_trials(count):
        accuracy = trial.params["learning-rate"] * 1e3
        study.is_hopeless(trial, 1, accuracy)
        study.tell(trial, Outcome("complete", (accuracy,)))


def values(study: Study):
    return [trial.values for trial in study.trials()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Study:
    study = opened(tmp_path_factory.mktemp("whole"))
    study.begin_with(RECIPE)
    searched(study, 6)
    return study


def test_the_recipe_is_the_first_trial(whole):
    assert values(whole)[0] == RECIPE


def test_every_value_lies_in_the_space(whole):
    assert all(SPACE[name].holds(value) for each in values(whole) for name, value in each.items())
    assert len({str(each) for each in values(whole)}) == 6


def test_a_study_that_goes_on_proposes_what_it_would_have(whole, tmp_path):
    study = opened(tmp_path)
    study.begin_with(RECIPE)
    searched(study, 2)

    later = opened(tmp_path)
    later.begin_with(RECIPE)
    searched(later, 6)

    assert later.trials() == whole.trials()


def test_another_seed_proposes_others(whole, tmp_path):
    study = opened(tmp_path, seed=1)
    searched(study, 2)

    assert values(study)[0] not in values(whole)


def test_a_recipe_outside_of_the_space_is_no_trial(tmp_path):
    study = opened(tmp_path)
    study.begin_with(RECIPE | {"learning-rate": 1.0})
    searched(study, 1)

    assert values(study)[0]["learning-rate"] <= 1e-4


def test_a_trial_left_unfinished_is_run_again_with_its_values(tmp_path):
    study = opened(tmp_path)
    first = next(study.open_trials(3))
    study.is_hopeless(first, 1, 0.25)
    del study  # killed

    later = opened(tmp_path)
    assert [trial.state for trial in later.trials()] == ["unfinished"]
    again = next(later.open_trials(3))
    later.is_hopeless(again, 1, 0.25)  # seen before: not told twice
    later.is_hopeless(again, 2, 0.5)
    later.tell(again, Outcome("complete", (0.25, 0.5)))

    assert (again.number, again.params) == (first.number, first.params)
    [trial] = later.trials()
    assert (trial.state, trial.accuracy, trial.epochs) == ("complete", 0.5, 2)


def test_failed_and_pruned_trials_are_kept_and_count(tmp_path):
    study = opened(tmp_path)
    trials = study.open_trials(2)
    study.tell(next(trials), Outcome("failed", (), "error: out of memory"))
    second = next(trials)
    study.is_hopeless(second, 1, 0.25)
    study.tell(second, Outcome("pruned", (0.25,)))

    assert next(trials, None) is None
    assert [(each.state, each.accuracy, each.problem) for each in study.trials()] == [
        ("failed", None, "error: out of memory"),
        ("pruned", 0.25, ""),
    ]
    assert best_of(study.trials()) is None


@pytest.mark.parametrize("prune", [True, False])
def test_what_is_below_the_median_is_hopeless_where_pruning_is_wanted(tmp_path, prune):
    study = opened(tmp_path, prune=prune)
    trials = study.open_trials(9)
    for accuracy in (0.4, 0.5, 0.6, 0.7):
        trial = next(trials)
        assert not study.is_hopeless(trial, 1, accuracy)
        study.tell(trial, Outcome("complete", (accuracy,)))

    assert study.is_hopeless(next(trials), 1, 0.1) is prune
    assert not study.is_hopeless(next(trials), 1, 0.9)


def test_of_equal_trials_the_first_is_the_best():
    trials = [
        Trial(number, state, {}, accuracy, 1, "")
        for number, (state, accuracy) in enumerate(
            [("complete", 0.1), ("complete", 0.5), ("pruned", 0.9), ("complete", 0.5)]
        )
    ]

    assert best_of(trials) == trials[1]


def test_a_missing_library_is_told(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with refused("pip install optuna"):
        require_optuna()
