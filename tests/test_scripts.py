"""The four scripts, started as a user starts them, on a handful of scenes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vg_mc.predictions import read_predictions

ROOT = Path(__file__).parent.parent
FINETUNE = "--model tiny-resnet --batching image --batch-size 8 --epochs 2 --learning-rate 2e-3"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, start) -> Path:
    """Draw scenes and prepare them; everything that the scripts write goes into this folder."""
    folder = tmp_path_factory.mktemp("scripts")
    scenes = "--corpus scenes --scenes 24 --image-size 64 --outline 1 --num-workers 1"
    printed = start(
        [
            str(ROOT / "prepare_data.py"),
            *("--annotations", "scenes", "--output", "prepared"),
            *scenes.split(),
        ],
        folder,
    )
    assert "candidates" in printed
    return folder


@pytest.fixture(scope="module")
def evaluations(folder, start, torchrun) -> Path:
    """Fine-tune by Accelerate's launcher and by torchrun, and evaluate both."""
    launch = "-m accelerate.commands.launch --cpu --num_processes 1".split()
    for launcher, run, further in (
        (launch, "one", "--batch-norm trained --num-workers 1 --mixed-precision bf16"),
        (torchrun(), "two", "--num-workers 0 --gradient-accumulation 2"),
    ):
        arguments = f"--dataset prepared --output {run} {FINETUNE} {further}"
        printed = start([*launcher, str(ROOT / "finetune.py"), *arguments.split()], folder)
        assert printed.count("best accuracy on val") == 1
    for launcher, run in (([], "one"), (torchrun(), "two")):
        arguments = f"--dataset prepared --model {run}/best --output evaluations/{run}"
        splits = "--split val testA --num-workers 0"
        script = [str(ROOT / "evaluate.py"), *arguments.split(), *splits.split()]
        printed = start([*launcher, *script], folder)
        assert printed.count(" testA ") == 1
    return folder / "evaluations"


@pytest.mark.usefixtures("evaluations")
@pytest.mark.parametrize(("run", "processes"), [("one", 1), ("two", 2)])
def test_a_run_is_described_and_logged(folder, run, processes):
    described = json.loads((folder / run / "config.json").read_text())
    lines = (folder / run / "metrics.jsonl").read_text().splitlines()

    manifest = json.loads((folder / "prepared" / "manifest.json").read_text())
    assert described["settings"]["processes"] == processes
    assert described["settings"]["data_hash"] == manifest["data_hash"]
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3, 3, 4, 5, 6, 6]


def test_the_best_epoch_is_what_evaluation_finds_again(evaluations, folder):
    lines = (folder / "two" / "metrics.jsonl").read_text().splitlines()
    logged = [entry["accuracy"] for entry in map(json.loads, lines) if "split" in entry]

    results = json.loads((evaluations / "two" / "results.json").read_text())["results"]

    assert results[0]["scores"]["accuracy"] == round(max(logged), 4)
    assert results[0]["name"] == "two"


def test_evaluations_are_ensembled(evaluations, folder, start):
    arguments = "--predictions evaluations/one evaluations/two --output evaluations/both"

    printed = start([str(ROOT / "ensemble.py"), *arguments.split()], folder)

    assert [line.split()[:2] for line in printed.splitlines()[2:8]] == [
        [name, split] for split in ("val", "testA") for name in ("one", "two", "ensemble")
    ]
    one, both = (read_predictions(evaluations / name / "testA") for name in ("one", "both"))
    assert one.expression_ids.tolist() == both.expression_ids.tolist()


def test_bad_input_ends_in_one_line(tmp_path):

    outcome = subprocess.run(
        [
            *(sys.executable, str(ROOT / "evaluate.py"), "--model", "tiny-vit"),
            *("--dataset", "nowhere", "--output", "output"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 3
    assert outcome.stderr.splitlines() == [
        "error: nowhere: no prepared dataset is here (no manifest.json); prepare_data.py writes one"
    ]
