"""A study trains, goes on where it was, survives what fails, and ends with a recipe."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.refusals import refused
from vg_mc.commands.config import parse_config
from vg_mc.commands.finetune import FinetuneConfig
from vg_mc.commands.tune import TuneConfig, main, run
from vg_mc.training.tuning import trial_process as watching
from vg_mc.training.tuning.search import locked
from vg_mc.training.tuning.trial_process import Outcome

RECIPE = """\
# The tiniest training there is.
model: tiny-vit
epochs: 1
batch-size: 8
learning-rate: 1e-3
num-workers: 0
"""


@pytest.fixture
def config(coloured, tmp_path) -> TuneConfig:
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(RECIPE)
    search = ("learning-rate=1e-4..1e-2:log", "batch-size=4,8")
    return TuneConfig(recipe, coloured.folder, tmp_path / "study", search, trials=3)


@pytest.fixture
def trained(monkeypatch) -> list[list[str]]:
    """Stand in for trainings: the second fails, the others leave what a run leaves."""
    commands = []

    def watch(command, run, log, is_hopeless):
        commands.append(command)
        for name in ("best", "checkpoints"):
            (run / name).mkdir(parents=True)
        if len(commands) == 2:
            return Outcome("failed", (), "error: out of memory")
        accuracy = len(commands) / 10
        assert not is_hopeless(1, accuracy)
        assert log == run.with_suffix(".log")
        return Outcome("complete", (accuracy,))

    monkeypatch.setattr(watching, "watch", watch)
    return commands


@pytest.mark.exhaustive
def test_a_real_training_becomes_a_trial_and_its_recipe_can_be_trained_with(config, capsys):
    flags = [
        *("--recipe", str(config.recipe), "--dataset", str(config.dataset)),
        *("--output", str(config.output), "--search", *config.search, "--trials", "1"),
    ]
    main(flags)

    assert "best trial: 0, accuracy on val" in capsys.readouterr().out
    assert {path.name for path in config.output.iterdir()} >= {
        *("trials.md", "trials.csv", "study.png", "best.yaml", "study.json", "trial-0000"),
    }
    kept = {path.name for path in (config.output / "trial-0000").iterdir()}
    assert "best" in kept
    assert "checkpoints" not in kept
    needed = ["--dataset", "d", "--output", "o"]
    best = ["--recipe", str(config.output / "best.yaml"), *needed]
    recipe = ["--recipe", str(config.recipe), *needed]
    assert parse_config(FinetuneConfig, best) == parse_config(FinetuneConfig, recipe)


def test_a_trial_that_fails_is_recorded_and_the_study_goes_on(config, trained):
    run(config)

    assert len(trained) == 3
    assert trained[0][:4] == [sys.executable, "-m", "vg_mc", "finetune"]
    assert trained[0][-2:] == ["--learning-rate=0.001", "--batch-size=8"]
    table = (config.output / "trials.md").read_text().splitlines()
    assert ["failed" in line and "out of memory" in line for line in table[2:]] == [
        *(False, True, False),
    ]


def test_only_the_best_model_and_no_checkpoint_stay_on_the_disk(config, trained):
    run(config)

    assert len(trained) == 3
    assert [path.parent.name for path in config.output.glob("*/best")] == ["trial-0002"]
    assert not list(config.output.glob("*/checkpoints"))


def test_a_study_goes_on_to_more_trials(config, trained):
    run(replace(config, trials=1))
    run(config)
    run(config)

    assert len(trained) == 3


def test_each_difference_from_the_study_that_is_there_is_named(config, trained):
    run(replace(config, trials=1))

    with refused(file="study"):
        run(replace(config, seed=1))
    config.recipe.write_text(RECIPE + "flip: 0.5\n")
    with refused(file="study"):
        run(config)
    assert len(trained) == 1


def test_a_study_in_which_all_fails_says_so(config, monkeypatch):
    monkeypatch.setattr(watching, "watch", lambda *_: Outcome("failed", (), "error"))

    with refused("trials.md", file="study"):
        run(config)

    assert not (config.output / "best.yaml").exists()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"trials": 0}, "--trials"),
        ({"search": ("learning-rate=-1..1",)}, "--learning-rate"),
        ({"search": ("output=a,b",)}, "--search"),
        ({"dataset": Path("nowhere")}, "prepared"),
    ],
)
def test_what_cannot_be_searched_begins_no_study(config, trained, change, problem):
    with refused(*problem.split()):
        run(replace(config, **change))

    assert trained == []
    assert not (config.output / "study.json").exists()


def test_a_value_that_its_flag_does_not_take_is_told(config, trained, capsys):
    with pytest.raises(SystemExit):
        run(replace(config, search=("targets=hard,soft",)))

    assert "soft" in capsys.readouterr().err
    assert trained == []


def test_several_processes_are_refused(config, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")

    with refused("tune"):
        run(config)


def test_a_study_has_one_writer(config):
    with locked(config.output), refused(file="study"):
        run(config)


def test_what_the_study_is_made_of_is_written_down(config, trained, coloured):
    run(replace(config, trials=1))

    settings = json.loads((config.output / "study.json").read_text())["settings"]
    assert settings["data_hash"] == coloured.data_hash
    assert settings["recipe"]["learning-rate"] == "1e-3"
    assert len(trained) == 1
