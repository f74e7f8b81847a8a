import pytest
import torch
from torch import nn

from vg_mc.models.loading import load_encoder
from vg_mc.models.trainable.freezing import reached, trial_logits


@pytest.fixture(params=["tiny-vit", "tiny-resnet"])
def encoder(request):
    return load_encoder(request.param, image_size=32)


def test_all_weights_of_a_clip_are_reached(encoder):
    assert reached(encoder) == {name for name, _ in encoder.named_parameters()}


def test_frozen_and_unused_weights_are_not_reached(encoder):
    encoder.model.gadget = nn.Linear(2, 2)
    encoder.model.logit_scale.requires_grad_(False)

    names = {name for name, _ in encoder.named_parameters()}
    assert names - reached(encoder) == {
        *("model.gadget.weight", "model.gadget.bias", "model.logit_scale"),
    }


def test_nothing_is_reached_in_a_frozen_model(encoder):
    encoder.requires_grad_(False)

    assert reached(encoder) == set()


@pytest.mark.parametrize("training", [True, False])
def test_trial_logits_do_not_change_the_model(encoder, training):
    encoder.train(training)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}

    logits = trial_logits(encoder)

    assert logits.shape == (1, 1)
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())
    assert {module.training for module in encoder.modules()} == {training}
