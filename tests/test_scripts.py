"""The four scripts, started as a user starts them, on a handful of scenes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked import TORCHRUN
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


def training(run: str, further: str) -> list[str]:
    arguments = f"--dataset prepared --output {run} {FINETUNE} {further}"
    return [str(ROOT / "finetune.py"), *arguments.split()]


def evaluation(run: str) -> list[str]:
    arguments = f"--dataset prepared --model {run}/best --output evaluations/{run}"
    return [str(ROOT / "evaluate.py"), *arguments.split(), *"--split val testA".split()]


@pytest.fixture(scope="module")
def evaluations(folder, launch) -> Path:
    """Fine-tune and evaluate in one process, and in two."""
    for processes, run, further in (
        (1, "one", "--batch-norm trained --num-workers 1"),
        (2, "two", "--num-workers 0 --gradient-accumulation 2"),
    ):
        for arguments, said in (
            (training(run, further), "best accuracy"),
            (evaluation(run), " testA "),
        ):
            finished = launch(processes, arguments, folder)
            assert [each.code for each in finished] == [0] * processes, finished
            assert "".join(each.printed for each in finished).count(said) == 1
    return folder / "evaluations"


@pytest.mark.exhaustive
def test_launchers_start_the_scripts(folder, start):
    accelerate = "-m accelerate.commands.launch --cpu --num_processes 1".split()

    for launcher, run in ((accelerate, "by-accelerate"), (TORCHRUN, "by-torchrun")):
        further = "--num-workers 1 --mixed-precision bf16"
        trained = start([*launcher, *training(run, further)], folder)
        evaluated = start([*launcher, *evaluation(run)], folder)

        assert trained.count("best accuracy on val") == 1
        assert evaluated.count(" testA ") == 1


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
    assert one.examples.expression_ids.tolist() == both.examples.expression_ids.tolist()


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
        "error: nowhere: not a prepared dataset (no manifest.json); create one with prepare_data.py"
    ]
