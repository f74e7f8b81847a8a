"""Two processes that share the work come to the result of one."""

import importlib.util
import json
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file

from tests.forked import TORCHRUN
from tests.training.tiny_run import changed
from vg_mc.models.loading import load_encoder
from vg_mc.predictions import read_predictions
from vg_mc.predictions.run import predict
from vg_mc.training.checkpoints import find_checkpoints

PROGRAM = Path(__file__).with_name("two_processes.py")

specification = importlib.util.spec_from_file_location("two_processes", PROGRAM)
two_processes = importlib.util.module_from_spec(specification)
specification.loader.exec_module(two_processes)


@pytest.fixture(scope="module")
def output(coloured, tmp_path_factory, launch) -> Path:
    folder = tmp_path_factory.mktemp("two-processes")
    finished = launch(2, [PROGRAM, coloured.folder, folder], folder)
    assert [each.code for each in finished] == [0, 0], finished
    return folder


def entries(run: Path) -> list[dict[str, float]]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    # A picture that questions of both processes need is encoded twice.
    left_out = ("split", "pictures")
    return [{k: v for k, v in json.loads(line).items() if k not in left_out} for line in lines]


@pytest.fixture(scope="module", params=two_processes.WAYS)
def runs(request, coloured, output, tmp_path_factory) -> tuple[Path, Path]:
    """Train alone as two processes did, but for chunks of pictures; return both runs."""
    alone = tmp_path_factory.mktemp("alone")
    settings = changed(two_processes.WAYS[request.param], picture_chunk=0)
    two_processes.trained(coloured, alone, settings, "tiny-vit")
    return alone, output / request.param


def test_two_processes_train_as_one_does(runs):
    ours, theirs = map(entries, runs)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine == pytest.approx(other, rel=1e-4, abs=1e-5)
    one, two = (load_file(run / "best" / "model.safetensors") for run in runs)
    # A bias of attention's keys cancels in the softmax: its gradient is rounding alone, which Adam
    # makes as long as any other.
    far = {
        name: float((value - two[name]).abs().max())
        for name, value in one.items()
        if not name.endswith("k_proj.bias")
    }
    # Of a learning rate of 1e-3. Chunks add the gradients of pictures up in another order.
    assert max(far.values()) < (5e-5 if runs[1].name == "image-2-chunks" else 2e-5), far


def test_gradients_of_two_processes_are_as_long_as_those_of_one(runs):
    one, two = map(mean_gradients, runs)

    # Adam divides by their length, so the weights do not tell.
    assert float((one - two).norm()) < 1e-3 * float(one.norm())


def mean_gradients(run: Path) -> torch.Tensor:
    """Return Adam's running means of all gradients, from the newest checkpoint."""
    file = find_checkpoints(run / "checkpoints")[-1] / "states.pt"
    states = torch.load(file, weights_only=True)["optimizer"]["state"].values()
    return torch.cat([state["exp_avg"].flatten() for state in states])


def test_two_processes_predict_what_one_does(coloured, output):
    encoder = load_encoder("tiny-vit", image_size=coloured.image_size)
    alone = predict(Accelerator(cpu=True), encoder, coloured, "testA", batch_size=8, num_workers=0)

    for batch_size in (3, 99):
        for process in range(2):
            shared = read_predictions(output / f"predictions-{batch_size}-{process}")
            for mine, theirs in zip(alone.answers.logits, shared.answers.logits, strict=True):
                assert np.allclose(mine, theirs, atol=1e-5)


def test_both_processes_end_with_the_same_model_statistics_included(output):
    first, second = (
        torch.load(output / "whole" / f"end-{process}.pt", weights_only=True)
        for process in range(2)
    )

    assert all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.mark.parametrize("name", ["killed", "stopped"])
def test_an_interrupted_run_of_two_processes_ends_as_if_it_were_not(output, name):
    interrupted, whole = (
        torch.load(output / each / "end-0.pt", weights_only=True) for each in (name, "whole")
    )

    assert [key for key in whole if not torch.equal(whole[key], interrupted[key])] == []
    assert entries(output / name) == entries(output / "whole")
    best = "best/open_clip_model.safetensors"  # the average
    assert (output / name / best).read_bytes() == (output / "whole" / best).read_bytes()


@pytest.mark.parametrize("file", ["best/model.safetensors", "checkpoints/*8/model.safetensors"])
def test_interrupted_adapters_of_two_processes_end_as_if_they_were_not(output, file):
    interrupted, whole = (
        next((output / f"adapters-{name}").glob(file)).read_bytes() for name in ("killed", "whole")
    )

    assert interrupted == whole


def test_both_processes_skip_a_step_that_one_of_them_cannot_use(output):
    first, second = (
        torch.load(output / "spoiled" / f"end-{process}.pt", weights_only=True)
        for process in range(2)
    )

    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert all(value.isfinite().all() for value in first.values())
    steps = [entry for entry in entries(output / "spoiled") if "skipped" in entry]
    assert [entry["step"] for entry in steps if entry["skipped"]] == [two_processes.KILLED_IN_STEP]
    assert len((output / "spoiled" / "nonfinite.jsonl").read_text().splitlines()) == 1


@pytest.mark.exhaustive
def test_torchrun_starts_again_when_a_process_is_lost(coloured, tmp_path, start, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(PROGRAM.parents[2]))  # for the workers of torchrun
    run = tmp_path / "lost"
    again = [*TORCHRUN, "--max-restarts", "1"]

    start([*again, str(PROGRAM), str(coloured.folder), str(run), "lost"], tmp_path)

    equals_a_run_of_one_process(run, coloured, tmp_path / "alone")


def test_a_run_goes_on_where_a_process_was_lost(coloured, tmp_path, launch):
    run = tmp_path / "lost"
    arguments = [PROGRAM, coloured.folder, run, "lost"]

    first = launch(2, arguments, tmp_path, TORCHELASTIC_RESTART_COUNT="0")
    again = launch(2, arguments, tmp_path, TORCHELASTIC_RESTART_COUNT="1")

    assert first[1].code == -signal.SIGKILL
    assert first[0].code != 0
    assert [each.code for each in again] == [0, 0], again
    equals_a_run_of_one_process(run, coloured, tmp_path / "alone")


def equals_a_run_of_one_process(run, coloured, alone):
    two_processes.trained(coloured, alone, two_processes.LOST, "tiny-vit")
    assert len(entries(run)) == len(entries(alone))
    for mine, other in zip(entries(run), entries(alone), strict=True):
        assert mine == pytest.approx(other, rel=1e-4, abs=1e-5)
