"""Every family of encoders, as its own library builds it, can be trained, kept and loaded."""

import pytest
import torch
from accelerate import Accelerator
from torch import nn

from tests.models.families import FAMILIES, TEXTS, build, parameters
from tests.training.tiny_run import OPTIONS, changed, loop_options
from vg_mc.models.loading import load_encoder
from vg_mc.models.trainable.parts import parts_of
from vg_mc.training.batching.batches import Batch
from vg_mc.training.stepper import Stepper
from vg_mc.training.tasks.multiple_choice import MultipleChoiceTask

each_family = pytest.mark.parametrize("family", parameters(FAMILIES))


def pictures_for(encoder):
    side, generator = encoder.image_size, torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (4, 3, side, side), dtype=torch.uint8, generator=generator)


def batch_for(encoder):
    """Ask two questions about four pictures."""
    return Batch(
        pictures=pictures_for(encoder),
        tokens=encoder.tokenize(TEXTS[:2]),
        text_index=torch.tensor([0, 1]),
        candidate_index=torch.tensor([[0, 1, 2], [3, 2, 0]]),
        candidate_mask=torch.tensor([[True, True, True], [True, True, False]]),
        targets=torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]),
        expression_ids=torch.tensor([0, 1]),
    )


@pytest.fixture
def stepper_of(coloured):
    def made(encoder, **changes) -> Stepper:
        options, accelerator = changed(OPTIONS, **changes), Accelerator(cpu=True)
        task = MultipleChoiceTask(accelerator, encoder, coloured, options)
        stepper = Stepper(accelerator, task, *loop_options(options), total_steps=4)
        stepper.model.train()
        return stepper

    return made


def values_of(encoder):
    return {name: value.detach().clone() for name, value in encoder.named_parameters()}


@torch.no_grad()
def logits_of(encoder):
    encoder.eval()
    return encoder(pictures_for(encoder), encoder.tokenize(TEXTS))


@each_family
def test_a_step_moves_what_it_trains_and_a_saved_folder_answers_alike(family, tmp_path, stepper_of):
    encoder = build(family, tmp_path)
    stepper, before = stepper_of(encoder), values_of(encoder)
    batches = iter([(batch_for(encoder), 1.0)] * 2)
    outcomes = torch.stack([stepper.step(batches, step) for step in range(2)])

    encoder.save(tmp_path / "kept")

    assert outcomes.isfinite().all()
    moved = {n for n, value in values_of(encoder).items() if not torch.equal(value, before[n])}
    trained = {name for name, value in encoder.named_parameters() if value.requires_grad}
    assert moved == trained
    assert set(before) - trained <= {
        *("model.logit_bias", "model.vision_model.embeddings.mask_token"),
    }
    assert torch.equal(logits_of(load_encoder(str(tmp_path / "kept"))), logits_of(encoder))


@each_family
@pytest.mark.parametrize("train", ["image", "last:1"])
def test_what_is_chosen_gets_a_gradient_and_the_rest_none(family, tmp_path, train, stepper_of):
    """Several processes wait forever for the gradient of a weight that has none."""
    encoder = build(family, tmp_path)
    model = stepper_of(encoder, train=train).model

    model(batch_for(encoder)).logsumexp(dim=1).sum().backward()

    with_gradient = {name for name, value in encoder.named_parameters() if value.grad is not None}
    assert with_gradient == {n for n, value in encoder.named_parameters() if value.requires_grad}
    parts = parts_of(encoder)
    if train == "image":
        assert {parts[name].tower for name in with_gradient} == {"image", "both"}
    else:
        last = {parts[name].block for name in with_gradient} - {""}
        assert len(last) == 2
        assert {parts[name].depth for name in with_gradient} == {0, 1}


@each_family
def test_weights_that_decay_are_those_of_matrix_products(family, tmp_path, stepper_of):
    encoder = build(family, tmp_path)

    groups = stepper_of(encoder, weight_decay=0.1).optimizer.param_groups

    name_of = {id(value): name for name, value in encoder.named_parameters()}
    decay, rest = (
        {name_of[id(p)] for g in groups if bool(g["weight_decay"]) == on for p in g["params"]}
        for on in (True, False)
    )
    products = {
        f"{path}.{name}"
        for path, module in encoder.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d | nn.MultiheadAttention)
        for name, value in module.named_parameters(recurse=False)
        if value.ndim > 1
    }
    # Of open_clip, which multiplies by parameters of its own.
    bare = {"model.text_projection", "model.text.text_projection", "model.visual.proj"}
    assert products <= decay <= products | bare
    assert (
        rest == {name for name, value in encoder.named_parameters() if value.requires_grad} - decay
    )


@pytest.mark.parametrize("family", parameters(name for name in FAMILIES if name != "open_clip-eva"))
def test_chunks_of_blocks_computed_twice_have_the_gradients_of_all_at_once(
    family, tmp_path, stepper_of
):
    def gradients(**changes):
        encoder = build(family, tmp_path)
        model = stepper_of(encoder, **changes).model.eval()  # without dropout, whose draws differ
        model(batch_for(encoder)).logsumexp(dim=1).sum().backward()
        return {n: p.grad for n, p in encoder.named_parameters() if p.grad is not None}

    plain = gradients()
    chunked = gradients(picture_chunk=3, gradient_checkpointing=True)

    assert plain.keys() == chunked.keys()
    largest = max(float(value.abs().max()) for value in plain.values())
    for name, value in plain.items():
        assert torch.allclose(chunked[name], value, rtol=1e-3, atol=1e-5 * largest), name
