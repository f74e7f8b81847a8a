"""A study is told in a table, in a picture, and by a recipe that can be trained with."""

import csv

import pytest
from PIL import Image

from vg_mc.commands.config import read_mapping
from vg_mc.reports.plots import write_study_picture
from vg_mc.reports.study import best_recipe, trials_table, write_trials
from vg_mc.reports.tables.formats import markdown_table
from vg_mc.training.tuning.space import Choice, Range
from vg_mc.training.tuning.study import Trial

SPACE = {
    "learning-rate": Range(1e-6, 1e-4, logarithmic=True),
    "batch-size": Choice((16, 32)),
}


def trial(number, state, accuracy, rate, size, problem="") -> Trial:
    values = {"learning-rate": rate, "batch-size": size}
    return Trial(number, state, values, accuracy, 0 if accuracy is None else 2, problem)


TRIALS = [
    trial(0, "complete", 0.5, 8e-6, 32),
    trial(1, "failed", None, 1e-4, 16, "error: a | b"),
    trial(2, "complete", 0.625, 1.23456789e-5, 16),
    trial(3, "pruned", 0.25, 1e-6, 16),
]


def test_the_table_has_a_row_per_trial():
    lines = markdown_table(trials_table(TRIALS, list(SPACE), brief=True)).splitlines()

    assert [line.split("|")[1].strip() for line in lines[2:]] == ["0", "1", "2", "3"]
    assert "1.235e-05" in lines[4]
    assert r"a \| b" in lines[3]


def test_the_file_for_programs_keeps_all_digits(tmp_path):
    write_trials(TRIALS, list(SPACE), tmp_path)

    rows = list(csv.DictReader((tmp_path / "trials.csv").read_text().splitlines()))
    assert [float(row["learning-rate"]) for row in rows] == [8e-6, 1e-4, 1.23456789e-5, 1e-6]
    assert [row["accuracy on val"] for row in rows] == ["0.5", "", "0.625", "0.25"]
    brief = markdown_table(trials_table(TRIALS, list(SPACE), brief=True))
    assert (tmp_path / "trials.md").read_text() == f"{brief}\n"


@pytest.mark.parametrize("trials", [TRIALS, TRIALS[1:2], []])
def test_the_picture_has_a_panel_for_time_and_one_for_each_flag(tmp_path, trials):
    write_study_picture(trials, SPACE, tmp_path / "study.png")

    with Image.open(tmp_path / "study.png") as image:
        width, height = image.size
    assert width / height == pytest.approx(3 * 4 / 3.2, rel=0.01)


def test_the_best_recipe_keeps_what_was_not_searched(tmp_path):
    recipe = {"model": "tiny-vit", "batch-size": "64", "mixed-precision": "no", "warmup-ratio": "0"}

    text = best_recipe(recipe, TRIALS, "vit.yaml")

    (tmp_path / "best.yaml").write_text(text)
    assert read_mapping(tmp_path / "best.yaml") == {
        "model": "tiny-vit",
        "batch-size": "16",
        "mixed-precision": "no",
        "warmup-ratio": "0",
        "learning-rate": "1.23456789e-05",
    }
    assert text.startswith("# vit.yaml with the values of trial 2, the best of 2\n")


def test_without_a_finished_trial_there_is_no_recipe():
    assert best_recipe({}, TRIALS[1:2], "vit.yaml") is None
