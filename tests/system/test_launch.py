import os
from types import SimpleNamespace

import pytest
import torch
from accelerate import PartialState

from tests.refusals import refused
from vg_mc.system.launch import (
    batch_size_of,
    processes_launched,
    start_accelerator,
    workers_of,
)


def test_half_precision_without_a_gpu_is_refused():
    if PartialState().device.type != "cpu":
        pytest.skip("this machine has a GPU, on which half precision works")

    with refused("--mixed-precision", "fp16", "GPU"):
        start_accelerator("fp16")


def test_tokenizers_are_told_that_data_loaders_fork(monkeypatch):
    monkeypatch.delenv("TOKENIZERS_PARALLELISM", raising=False)

    start_accelerator("no")

    assert os.environ["TOKENIZERS_PARALLELISM"] == "false"


def test_processes_that_do_not_find_each_other_are_told(monkeypatch):
    start_accelerator("no")  # of one process; its state outlives it
    monkeypatch.setenv("WORLD_SIZE", "2")

    with refused("2", record="device cpu"):
        start_accelerator("no")


@pytest.mark.parametrize(
    ("variable", "way"),
    [("ACCELERATE_USE_FSDP", "FSDP"), ("ACCELERATE_USE_DEEPSPEED", "DeepSpeed")],
)
def test_a_launcher_that_would_cut_the_model_in_pieces_is_refused(monkeypatch, variable, way):
    monkeypatch.setenv(variable, "true")

    with refused(*variable.split(), *way.split()):
        start_accelerator("no")


def test_a_launcher_that_asks_for_another_precision_is_refused(monkeypatch):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")

    with refused("bf16"):
        start_accelerator("no")


def test_a_launcher_that_says_the_same_or_nothing_is_fine(monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "false")
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")

    assert start_accelerator("no").mixed_precision == "no"


def test_losses_are_divided_by_no_number_of_the_launcher(monkeypatch):
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "8")

    assert start_accelerator("no").gradient_accumulation_steps == 1


def test_the_surroundings_tell_how_many_processes_were_launched(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert processes_launched() == 1

    monkeypatch.setenv("WORLD_SIZE", "3")
    assert processes_launched() == 3


def on(device: str) -> SimpleNamespace:
    return SimpleNamespace(device=torch.device(device))


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_as_many_processes_decode_as_were_wanted(device):
    assert workers_of(0, on(device)) == 0
    assert workers_of(5, on(device)) == 5


@pytest.mark.parametrize(("device", "usual"), [("cpu", 32), ("cuda", 256)])
def test_a_cpu_encodes_fewer_pictures_at_a_time_unless_told(device, usual):
    assert batch_size_of(None, on(device)) == usual
    assert batch_size_of(7, on(device)) == 7


def test_one_process_decodes_beside_a_model_on_the_same_cores():
    assert workers_of(None, on("cpu")) == 1


@pytest.mark.parametrize(
    ("cores", "processes", "workers"), [(16, 1, 12), (16, 2, 7), (16, 4, 3), (1, 1, 1), (2, 4, 1)]
)
def test_a_gpu_is_fed_by_its_share_of_the_cores(monkeypatch, cores, processes, workers):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))

    assert workers_of(None, on("cuda")) == workers
