from copy import deepcopy

import pytest
import torch
from torch import nn

from vg_mc.models.trainable.freezing import freeze_batch_norm, statistics_of


@pytest.fixture
def network() -> nn.Module:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    freeze_batch_norm(network)
    return network.train()


def test_statistics_stay_as_they_were_in_training(network):
    before = deepcopy(network[1].state_dict())

    network(torch.rand(2, 3, 8, 8))

    assert all(torch.equal(before[name], value) for name, value in network[1].state_dict().items())


def test_an_image_does_not_depend_on_the_rest_of_the_batch(network):
    pictures = torch.rand(4, 3, 8, 8)

    assert torch.allclose(network(pictures)[:1], network(pictures[:1]), atol=1e-6)


def test_scale_and_shift_are_still_learned(network):
    network(torch.rand(2, 3, 8, 8)).square().sum().backward()

    assert network[1].weight.grad.abs().sum() > 0
    assert network[1].bias.grad.abs().sum() > 0


def test_a_copy_is_frozen_independently(network):
    copy = deepcopy(network).train()

    copy(torch.rand(2, 3, 8, 8))

    assert torch.equal(copy[1].running_mean, torch.zeros(4))
    assert network[1].training


def test_statistics_are_found_by_name():
    module = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.BatchNorm1d(3)))

    names = statistics_of(module)

    assert names == ["1.0.running_mean", "1.0.running_var", "1.0.num_batches_tracked"]
    assert statistics_of(nn.LayerNorm(3)) == []


def test_frozen_statistics_are_not_listed(network):
    assert statistics_of(nn.Sequential(network, nn.BatchNorm1d(3)))[0] == "1.running_mean"
