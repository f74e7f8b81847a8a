"""The average is that of a formula, skips what is skipped, and comes and goes without a trace."""

import pytest
import torch
from torch import nn

from vg_mc.training.optimization import WeightAverage, decay_of

FINE, SPOILED = torch.tensor(True), torch.tensor(False)


def random_model(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


STATISTICS = ("1.running_mean", "1.running_var", "1.num_batches_tracked")


def moved(model, step):
    """Change the weights and the statistics as a step would."""
    generator = torch.Generator().manual_seed(step)
    with torch.no_grad():
        for value in [*model.parameters(), model[1].running_mean]:
            value.add_(torch.randn(value.shape, generator=generator))


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.999])
@pytest.mark.parametrize("skipped", [(), (0,), (1, 4, 5)])
def test_the_average_is_a_weighted_sum_of_all_that_was(decay, skipped):
    model = random_model()
    average = WeightAverage(model, STATISTICS, decay)
    seen, weights = [model[0].weight.detach().clone().double()], [1.0]
    for step in range(8):
        moved(model, step)
        average.add(step, SPOILED if step in skipped else FINE)
        if step not in skipped:
            stays = min(decay, (1 + step) / (10 + step))
            seen.append(model[0].weight.detach().clone().double())
            weights = [stays * weight for weight in weights] + [1 - stays]

    expected = sum(weight * value for weight, value in zip(weights, seen, strict=True))

    assert sum(weights) == pytest.approx(1)
    assert torch.allclose(average.averages["0.weight"].double(), expected, atol=1e-6)


def test_a_skipped_step_changes_no_bit():
    model = random_model()
    average = WeightAverage(model, STATISTICS, 0.9)
    moved(model, 0)
    average.add(0, FINE)
    before = {name: value.clone() for name, value in average.averages.items()}
    moved(model, 1)

    average.add(1, SPOILED)

    assert all(torch.equal(value, before[name]) for name, value in average.averages.items())


def test_early_steps_forget_faster_and_later_ones_as_told():
    decays = [decay_of(0.99, step) for step in range(2000)]

    assert decays[0] == 0.1
    assert decays == sorted(decays)
    assert decays[-1] == 0.99


def test_the_averages_are_in_place_until_the_block_ends():
    model = random_model()
    average = WeightAverage(model, STATISTICS, 0.9)
    moved(model, 0)
    average.add(0, FINE)
    before = {name: value.clone() for name, value in model.state_dict().items()}

    with average.in_place():
        inside = {name: value.clone() for name, value in model.state_dict().items()}

    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    for name in ("0.weight", "0.bias", "1.running_mean"):
        assert torch.equal(inside[name], average.averages[name])
        assert not torch.equal(inside[name], before[name])


def test_frozen_weights_and_counters_are_left_out():
    model = random_model()
    model[0].requires_grad_(False)

    average = WeightAverage(model, STATISTICS, 0.9)

    expected = {"1.weight", "1.bias", "1.running_mean", "1.running_var"}
    assert set(average.averages) == expected


def test_the_state_goes_to_another_average():
    model = random_model()
    average, other = (WeightAverage(each, STATISTICS, 0.9) for each in (model, random_model(1)))
    moved(model, 0)
    average.add(0, FINE)

    other.load_state_dict(average.state_dict())

    assert all(torch.equal(value, other.averages[name]) for name, value in average.averages.items())
