"""A process on its own is all there is."""

import torch
from accelerate import Accelerator

from vg_mc.system.processes import SingleProcess


def test_alone_is_what_accelerate_says_of_one_process():
    alone, alike = SingleProcess(torch.device("cpu")), Accelerator(cpu=True)
    tensor = torch.arange(3.0)

    for name in ("device", "num_processes", "process_index", "is_main_process"):
        assert getattr(alone, name) == getattr(alike, name)
    assert torch.equal(alone.gather(tensor), alike.gather(tensor))


def test_alone_computes_in_the_precision_of_its_input():
    layer = torch.nn.Linear(2, 2)

    with SingleProcess(torch.device("cpu")).autocast():
        assert layer(torch.ones(1, 2)).dtype == torch.float32
