"""The command writes predictions, tables and pictures, and what it writes can be ensembled."""

import json
from pathlib import Path

import pytest

from vg_mc.commands import ensemble
from vg_mc.commands.evaluate import EvaluateConfig, main, run, short_name
from vg_mc.encoders import load_encoder
from vg_mc.faults import BadInputError
from vg_mc.metrics import summarize
from vg_mc.predictions import read_predictions
from vg_mc.training.checkpoints import save_model_folder


@pytest.fixture(scope="module")
def evaluations(coloured, tmp_path_factory) -> Path:
    """Evaluate both tiny models by the command; return the folder of the evaluations."""
    folder = tmp_path_factory.mktemp("evaluations")
    for model in ("tiny-vit", "tiny-resnet"):
        main(
            [
                *("--dataset", str(coloured.folder), "--model", model),
                *("--split", "val", "testA", "--output", str(folder / model)),
                *("--num-workers", "0"),
            ]
        )
    return folder


def test_everything_is_written(evaluations):
    output = evaluations / "tiny-vit"

    assert {path.name for path in output.iterdir()} == {
        "val",
        "testA",
        "results.csv",
        "results.json",
        "results.md",
        "results.tex",
    }
    for split in ("val", "testA"):
        assert {path.name for path in (output / split).iterdir()} == {
            "predictions.parquet",
            "gallery.html",
            "examples.png",
        }


def test_the_table_scores_the_predictions(evaluations):
    results = json.loads((evaluations / "tiny-vit" / "results.json").read_text())["results"]

    assert [(row["name"], row["split"]) for row in results] == [
        ("tiny-vit", "val"),
        ("tiny-vit", "testA"),
    ]
    predictions = read_predictions(evaluations / "tiny-vit" / "testA")
    scores = summarize(predictions.ious, predictions.logits)
    assert results[1]["scores"]["accuracy"] == round(scores.accuracy, 4)
    assert results[1]["scores"]["expressions"] == 13
    assert results[1]["scores"]["without_proposals"] == 1


def test_the_table_is_printed(coloured, tmp_path, capsys):
    run(EvaluateConfig(coloured.folder, "tiny-vit", tmp_path, name="mine", num_workers=0))

    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split()[:2] == ["mine", "val"]


def test_readers_learn_what_the_numbers_depend_on(coloured, tmp_path):
    config = EvaluateConfig(
        coloured.folder, "tiny-vit", tmp_path, split=("train", "val"), num_workers=0
    )

    train, val = run(config)

    assert train.facts["proposals"] == "kind annotations"
    assert val.facts["proposals"] == "kind stored"
    assert val.facts["model"] == "tiny-vit"
    assert val.facts["precision"] == "fp32"
    assert val.facts["pictures"] == "squash to 32 pixels"


def test_evaluations_can_be_ensembled(evaluations, tmp_path):
    members = (evaluations / "tiny-vit", evaluations / "tiny-resnet")

    rows = ensemble.run(ensemble.EnsembleConfig(members, tmp_path))

    assert [(row.split, row.name) for row in rows] == [
        (split, name)
        for split in ("val", "testA")
        for name in ("tiny-vit", "tiny-resnet", "ensemble")
    ]


@pytest.mark.parametrize(
    ("splits", "problem"),
    [(("val", "test"), "no split 'test'; there are train, val, testA"), (("val",) * 2, "twice")],
)
def test_a_wrong_split_is_told_before_any_is_answered(coloured, tmp_path, splits, problem):
    config = EvaluateConfig(coloured.folder, "tiny-vit", tmp_path / "output", split=splits)

    with pytest.raises(BadInputError, match=problem):
        run(config)
    assert not (tmp_path / "output").exists()


def test_a_run_gives_its_name_to_its_best_model(coloured, tmp_path, monkeypatch):
    best = tmp_path / "large-run" / "best"
    save_model_folder(load_encoder("tiny-vit", image_size=32), best)

    (predictions,) = run(
        EvaluateConfig(coloured.folder, str(best), tmp_path / "output", num_workers=0)
    )

    assert predictions.name == "large-run"
    monkeypatch.chdir(best)
    assert short_name(".") == "large-run"


def test_any_other_model_keeps_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-clip").mkdir()

    assert short_name("my-clip/") == "my-clip"
    assert short_name("openai/clip-vit-base-patch32") == "openai/clip-vit-base-patch32"
