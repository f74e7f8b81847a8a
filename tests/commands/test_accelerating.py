import os

import pytest
from accelerate import PartialState

from vg_mc.commands.accelerating import processes_launched, start_accelerator
from vg_mc.faults import BadInputError


def test_half_precision_without_a_gpu_is_refused():
    if PartialState().device.type != "cpu":
        pytest.skip("this machine has a GPU, on which half precision works")

    with pytest.raises(BadInputError, match="--mixed-precision: fp16 needs a GPU"):
        start_accelerator("fp16")


def test_tokenizers_are_told_that_data_loaders_fork(monkeypatch):
    monkeypatch.delenv("TOKENIZERS_PARALLELISM", raising=False)

    start_accelerator("no")

    assert os.environ["TOKENIZERS_PARALLELISM"] == "false"


def test_processes_that_do_not_find_each_other_are_told(monkeypatch):
    start_accelerator("no")  # of one process; its state outlives it
    monkeypatch.setenv("WORLD_SIZE", "2")

    with pytest.raises(BadInputError, match="2 processes were launched"):
        start_accelerator("no")


def test_the_surroundings_tell_how_many_processes_were_launched(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert processes_launched() == 1

    monkeypatch.setenv("WORLD_SIZE", "3")
    assert processes_launched() == 3
