import math

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from tests.refusals import refused
from tests.training.tiny_run import OPTIONS, changed, trainer_with
from vg_mc.models.loading import load_encoder


def stepped(trainer, steps=1):
    batches = trainer.stream.load(trainer.progress, num_workers=0)
    return [trainer.stepper.step(batches, step) for step in range(steps)]


def test_long_gradients_are_cut(coloured, make_trainer, tmp_path):
    trainer = make_trainer(coloured, tmp_path, max_gradient_norm=0.01)

    stepped(trainer)

    states = trainer.stepper.optimizer.state_dict()["state"].values()
    # Adam's running mean holds a tenth of its first gradient.
    lengths = torch.stack([state["exp_avg"].norm() for state in states])
    assert lengths.norm() * 10 == pytest.approx(0.01, rel=1e-3)


def test_the_learning_rate_follows_the_step_and_the_length_of_the_run(
    coloured, make_trainer, tmp_path
):
    stepper = make_trainer(coloured, tmp_path, warmup_ratio=0.25).stepper

    rates = [stepper.learning_rate(step) for step in range(8)]

    shares = [1 / 3, 2 / 3, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]
    assert rates == pytest.approx([1e-3 * share for share in shares])


def state_of(stepper):
    """Copy everything that a step changes."""
    moments = stepper.optimizer.state_dict()["state"].values()
    tensors = [value for state in moments for value in state.values()]
    tensors += stepper.average.averages.values()
    return [value.clone() for value in [*stepper.model.state_dict().values(), *tensors]]


def spoiled(trainer, monkeypatch, number):
    """Let the model's logits of the targets be `number`."""
    stepper = trainer.stepper
    real = stepper.model.forward

    def forward(batch):
        logits = real(batch)
        return logits.index_fill(1, torch.tensor([0]), number)

    monkeypatch.setattr(stepper.model, "forward", forward)


@pytest.mark.parametrize("model", ["tiny-vit", "tiny-resnet"])
@pytest.mark.parametrize("number", [float("nan"), float("-inf")])
def test_a_loss_that_is_not_finite_changes_nothing(
    coloured, make_trainer, tmp_path, monkeypatch, model, number
):
    trainer = make_trainer(coloured, tmp_path, model=model, batch_norm="trained", ema=0.9)
    stepped(trainer)
    before = state_of(trainer.stepper)
    with monkeypatch.context() as patch:
        spoiled(trainer, patch, number)

        [(loss, _, pictures, norm)] = torch.stack(stepped(trainer)).tolist()

    assert all(map(torch.equal, state_of(trainer.stepper), before))
    assert not math.isfinite(loss)
    assert not math.isfinite(norm)
    assert pictures > 0
    stepped(trainer)
    assert not all(map(torch.equal, state_of(trainer.stepper), before))


@pytest.mark.parametrize(
    ("model", "batch_norm", "told"),
    [
        ("tiny-resnet", "trained", True),
        ("tiny-resnet", "frozen", False),
        ("tiny-vit", "trained", False),
    ],
)
def test_processes_tell_each_other_statistics_only_where_they_are_learned(
    coloured, make_trainer, tmp_path, model, batch_norm, told
):
    trainer = make_trainer(coloured, tmp_path, model=model, batch_norm=batch_norm)

    assert trainer.accelerator.ddp_handler.broadcast_buffers == told


def test_a_step_that_finds_no_memory_says_what_to_lower(
    coloured, make_trainer, tmp_path, monkeypatch
):
    trainer = make_trainer(coloured, tmp_path)
    text = "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"

    def forward(_batch):
        raise RuntimeError(text)

    monkeypatch.setattr(trainer.stepper.model, "forward", forward)

    with refused("32x32", "--batch-size", "8"):
        stepped(trainer)


@pytest.mark.parametrize("model", ["tiny-vit", "tiny-resnet"])
@pytest.mark.parametrize("train", ["image", "text", "last:1", "projections", "logit-scale"])
def test_only_what_is_chosen_changes(coloured, make_trainer, tmp_path, model, train):
    trainer = make_trainer(
        coloured, tmp_path, model=model, train=train, batch_norm="trained", weight_decay=0.1
    )
    trainer.stepper.model.train()
    before = {name: value.clone() for name, value in trainer.task.encoder.state_dict().items()}

    stepped(trainer, 2)

    after = trainer.task.encoder.state_dict()
    updated = {name for name, value in before.items() if not torch.equal(value, after[name])}
    trained = {
        name for name, value in trainer.task.encoder.named_parameters() if value.requires_grad
    }
    statistics = {name for name in updated if "running" in name or "num_batches" in name}
    assert updated - statistics == trained
    beside = {name.rsplit(".", 1)[0] + ".weight" for name in statistics}
    assert beside <= trained


@pytest.mark.parametrize("model", ["tiny-vit", "tiny-resnet"])
def test_the_logit_scale_starts_where_it_is_told(coloured, make_trainer, tmp_path, model):
    encoder = load_encoder(model, image_size=32)
    with torch.no_grad():
        encoder.model.logit_scale.fill_(4.0)

    for choice, expected in (("keep", 4.0), ("reset", math.log(1 / 0.07))):
        trainer = make_trainer(coloured, tmp_path, encoder=encoder, logit_scale=choice)
        assert trainer.task.encoder.model.logit_scale.item() == pytest.approx(expected)
        assert trainer.task.encoder.model.logit_scale.requires_grad


CHOICES = [
    {"train": train, **changes}
    for train in ("all", "image", "text", "last:1", "projections", "logit-scale")
    for changes in ({}, {"gradient_checkpointing": True})
]
ADAPTERS = [{"train": train, "lora_rank": 2} for train in ("all", "image", "text", "last:1")]


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        *(
            pytest.param("tiny-resnet", changes, marks=pytest.mark.exhaustive)
            for changes in CHOICES
        ),
        *(("tiny-vit", changes) for changes in CHOICES + ADAPTERS),
        ("tiny-vit", {"lora_rank": 2, "gradient_checkpointing": True}),
    ],
    ids=str,
)
def test_chunks_of_pictures_have_the_gradients_of_all_at_once_whatever_is_trained(
    coloured, make_trainer, tmp_path, model, changes
):
    def gradients(picture_chunk):
        wanted = {"batching": "image", "ema": 0.9, "picture_chunk": picture_chunk, **changes}
        trainer = make_trainer(coloured, tmp_path, model=model, **wanted)
        trainer.stepper.model.train()
        [outcome] = stepped(trainer)
        states = trainer.stepper.optimizer.state_dict()["state"].values()
        # Adam's running mean holds a tenth of its first gradient.
        return outcome, [state["exp_avg"] for state in states]

    (outcome, whole), (again, chunked) = gradients(0), gradients(3)

    assert torch.allclose(again, outcome, rtol=1e-4)
    assert len(whole) == len(chunked) > 0
    scale = max(float(each.abs().max()) for each in whole)
    assert all(
        torch.allclose(one, other, rtol=1e-3, atol=1e-4 * scale)
        for one, other in zip(whole, chunked, strict=True)
    )


@pytest.fixture
def half_precision():
    """Return what makes an Accelerator of half precision, for which it would want a GPU."""

    def accelerator():
        AcceleratorState._reset_state()
        accelerator = Accelerator(cpu=True)
        accelerator.state._mixed_precision = "fp16"
        accelerator.native_amp = True
        accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**24)
        return accelerator

    yield accelerator
    AcceleratorState._reset_state()


@pytest.mark.parametrize("picture_chunk", [0, pytest.param(3, marks=pytest.mark.exhaustive)])
def test_in_half_precision_a_scale_that_is_too_large_costs_steps_and_nothing_else(
    coloured, make_trainer, half_precision, tmp_path, picture_chunk
):
    wanted = {"batching": "image", "ema": 0.9, "max_gradient_norm": 1e6}
    [(loss, *_, norm)] = torch.stack(stepped(make_trainer(coloured, tmp_path, **wanted))).tolist()
    settings = changed(OPTIONS, picture_chunk=picture_chunk, **wanted)
    encoder = load_encoder("tiny-vit", image_size=32)
    trainer = trainer_with(
        coloured, tmp_path, encoder, settings, accelerator=half_precision(), num_workers=0
    )
    scaler, before, skipped = trainer.accelerator.scaler, None, 0

    while True:
        [(half_loss, *_, length)] = torch.stack(stepped(trainer)).tolist()
        assert half_loss == pytest.approx(loss, rel=0.02)
        if math.isfinite(length):
            break
        skipped += 1
        assert scaler.get_scale() == 2.0 ** (24 - skipped)
        assert before is None or all(map(torch.equal, state_of(trainer.stepper), before))
        before = state_of(trainer.stepper)

    assert skipped
    assert length == pytest.approx(norm, rel=0.02)
    assert not all(map(torch.equal, state_of(trainer.stepper), before))
    assert scaler.get_scale() == 2.0 ** (24 - skipped)
