"""The command trains box predictors, evaluate.py scores them, and flags belong to one kind."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.predictions.made import scores_of
from tests.refusals import refused
from vg_mc.commands import evaluate, finetune, prepare_data
from vg_mc.commands.config import parse_config
from vg_mc.commands.finetune import FinetuneConfig
from vg_mc.predictions import PredictedBoxes, read_predictions

FLAGS = "--model tiny-vit --predictor clip-vg --input-size 32 --batching image --batch-size 4"
SMALL = "--fusion-width 32 --fusion-layers 2 --fusion-heads 4 --num-workers 0 --epochs 2"


@pytest.fixture(scope="module")
def scenes(tmp_path_factory) -> Path:
    """Prepare whole images of drawn scenes, without candidates."""
    folder = tmp_path_factory.mktemp("scenes")
    flags = f"--corpus scenes --scenes 10 --annotations {folder / 'scenes'} --num-workers 1"
    whole = "--whole-images 64 --proposer none --train-proposer none"
    prepare_data.main([*flags.split(), *whole.split(), "--output", str(folder / "prepared")])
    return folder / "prepared"


def flags_of(dataset: Path, output: Path, more: str = "") -> list[str]:
    return [*f"--dataset {dataset} --output {output} {FLAGS} {SMALL} {more}".split()]


@pytest.fixture(scope="module")
def run(scenes, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "clip-vg"
    finetune.main(
        flags_of(scenes, folder, "--crop 0.5 --smallest-scale 0.8 --translate --flip 0.5")
    )
    return folder


def test_evaluate_has_the_scores_of_the_validation(run, scenes, tmp_path):
    model = str(run / "best")

    evaluate.main(
        [*f"--dataset {scenes} --grounder box --model {model} --output {tmp_path}".split()]
    )

    predictions = read_predictions(tmp_path / "val")
    assert isinstance(predictions.answers, PredictedBoxes)
    assert predictions.provenance.model_hash
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    validated = [line for line in lines if line.get("split") == "val"]
    best = max(validated, key=lambda line: line["accuracy"])
    assert asdict(scores_of(predictions)) == pytest.approx(
        {name: value for name, value in best.items() if name not in ("step", "epoch", "split")}
    )
    assert (tmp_path / "report.html").is_file()


def test_a_run_is_described_by_the_flags_of_its_kind(run):
    settings = json.loads((run / "config.json").read_text())["settings"]

    assert settings["predictor"] == "clip-vg"
    assert settings["fusion_width"] == 32
    assert settings["batching"] == "image"
    assert not {"candidates", "label_smoothing", "overfit"} & settings.keys()


def test_multiple_choice_is_described_as_before_there_were_box_predictors():
    config = FinetuneConfig(dataset=Path("data"), model="tiny-vit", output=Path("run"))

    decisive = finetune.decisive(config)

    assert not {"predictor", "overfit", "box_loss", "fusion_width", "fit"} & decisive.keys()
    assert {"candidates", "label_smoothing", "learning_rate"} <= decisive.keys()


def test_an_overfit_test_validates_on_its_training_expressions(scenes, tmp_path, capsys):
    finetune.main(flags_of(scenes, tmp_path / "run", "--overfit 6"))

    printed = capsys.readouterr().out
    assert "the 6 expressions it was trained on" in printed
    assert "not learned yet" in printed
    entries = map(json.loads, (tmp_path / "run" / "metrics.jsonl").read_text().splitlines())
    assert {line["expressions"] for line in entries if "split" in line} == {6}


@pytest.mark.parametrize(
    ("flags", "record"),
    [
        ("--candidates 3", "--candidates"),
        ("--targets iou", "--targets"),
        ("--label-smoothing 0.1", "--label-smoothing"),
        ("--picture-chunk 4", "--picture-chunk"),
        ("--logit-scale reset", "--logit-scale"),
        ("--predictor yolo", "--predictor"),
    ],
)
def test_flags_of_multiple_choice_are_refused_for_a_box_predictor(scenes, tmp_path, flags, record):
    config = parse_config(FinetuneConfig, flags_of(scenes, tmp_path / "run", flags))

    with refused(record=record):
        finetune.run(config)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flags", "record"),
    [
        ("--fit squash", "--fit"),
        ("--crop 0.5", "--crop"),
        ("--iou-loss none", "--iou-loss"),
        ("--fusion-layers 3", "--fusion-layers"),
        ("--train none", "--train"),
        ("--features cache", "--features"),
    ],
)
def test_flags_of_box_predictors_are_refused_without_one(tmp_path, flags, record):
    plain = f"--dataset data --model tiny-vit --output {tmp_path / 'run'} {flags}"

    with refused("--predictor", record=record):
        finetune.run(parse_config(FinetuneConfig, plain.split()))


def test_a_run_from_cached_features_is_described_as_such(scenes, tmp_path):
    folder = tmp_path / "run"
    finetune.main(flags_of(scenes, folder, f"--train none --features {tmp_path / 'cache'}"))

    settings = json.loads((folder / "config.json").read_text())["settings"]
    assert settings["features"] == "cached"
    assert str(tmp_path) not in (folder / "best" / "README.md").read_text()
    assert list((tmp_path / "cache").rglob("*.npy"))
    with refused("features was 'cached'", file="run"):
        finetune.run(parse_config(FinetuneConfig, flags_of(scenes, folder, "--train none")))


def test_a_run_goes_on_only_with_the_same_flags(run, scenes):
    config = parse_config(FinetuneConfig, flags_of(scenes, run))

    with refused("crop was 0.5", "flip was 0.5", file=run.name):
        finetune.run(replace(config, num_workers=0))
