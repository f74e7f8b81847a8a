"""A device that is not there is told at once, and by its flag."""

import pytest
import torch

from tests.refusals import refused
from vg_mc.system.launch import require_device


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:1"])
def test_a_card_that_is_there_is_fine_and_any_other_is_counted_out(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    require_device(name)

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with refused("--device", *name.split()):
        require_device(name)


def test_the_processor_is_always_there():
    require_device("cpu")


def test_what_is_no_device_is_refused():
    with refused("gpu", record="--device"):
        require_device("gpu")
