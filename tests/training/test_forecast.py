import re
from functools import partial

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from tests.training.tiny_run import OPTIONS, changed, trainer_with
from vg_mc.models.loading import load_encoder
from vg_mc.training.checkpoints import find_checkpoints
from vg_mc.training.forecast import _kept, _measure


def text_of(trainer):
    return trainer.task.forecast()


@pytest.mark.parametrize("model", ["tiny-vit", "tiny-resnet"])
def test_both_towers_and_the_scale_are_the_whole_model(coloured, make_trainer, tmp_path, model):
    trainer = make_trainer(coloured, tmp_path, model=model)

    text = text_of(trainer)

    counts = [int(each.replace(",", "")) for each in re.findall(r"of ([\d,]+) parameters", text)]
    total = sum(parameter.numel() for parameter in trainer.task.encoder.parameters())
    assert sum(counts) == total - 1  # the logit scale belongs to neither


def test_weights_that_are_not_trained_are_counted_but_take_no_moments(
    coloured, make_trainer, tmp_path
):
    trainer = make_trainer(coloured, tmp_path)
    for parameter in trainer.task.encoder.parameters():
        parameter.requires_grad_(False)

    text = text_of(trainer)

    weights = sum(parameter.nbytes for parameter in trainer.task.encoder.parameters())
    assert "image tower: 0 of" in text
    assert f"memory per process: {weights / 1e6:,.1f} MB for weights" in text
    assert not any(parameter.requires_grad for parameter in trainer.task.encoder.parameters())


def test_pictures_and_steps_are_those_of_the_first_epoch(coloured, make_trainer, tmp_path):
    trainer = make_trainer(coloured, tmp_path)
    batches = trainer.stream.load(trainer.progress, num_workers=0)
    counts = [len(next(batches)[0].pictures) for _ in range(4)]

    text = text_of(trainer)

    assert "steps: 4 x 2 epochs" in text
    expected = f"images per step: {sum(counts) / 4:,.1f} on average, {max(counts)} at most"
    assert expected in text


def test_what_is_kept_for_the_backward_pass_is_counted_once():
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Sigmoid(), torch.nn.Linear(8, 1))

    tower = _measure(model, lambda count: model(torch.ones(count, 4)))

    # Input of the first layer, output of the sigmoid, which is the input of the second layer.
    assert tower.kept == 4 * (4 + 8)
    assert tower.kept_once == 0
    assert tower.parameters == tower.trained == 4 * 8 + 8 + 8 + 1


def test_a_tower_that_is_frozen_keeps_nothing_for_the_backward_pass(
    coloured, make_trainer, tmp_path
):
    both, text_alone = (
        text_of(make_trainer(coloured, tmp_path, train=train)) for train in ("all", "text")
    )

    assert "image tower: 0 of" in text_alone
    kept = [float(re.search(r"([\d.]+) MB kept", text)[1]) for text in (both, text_alone)]
    assert kept[1] < kept[0]


def test_an_average_takes_the_memory_and_the_disk_of_what_is_trained(
    coloured, make_trainer, tmp_path
):
    told = [text_of(make_trainer(coloured, tmp_path, ema=ema)) for ema in (0.0, 0.9)]

    needed = [
        [float(re.search(words, text)[1]) for words in (r"([\d.]+) MB for", r"([\d.]+) MB each")]
        for text in told
    ]
    trainer = make_trainer(coloured, tmp_path)
    size = sum(p.nbytes for p in trainer.task.encoder.parameters() if p.requires_grad) / 1e6
    assert [b - a for a, b in zip(*needed, strict=True)] == pytest.approx([size] * 2, abs=0.11)
    assert ["and an average" in text for text in told] == [False, True]


def test_blocks_that_are_computed_twice_keep_less_but_what_goes_into_them(
    coloured, make_trainer, tmp_path
):
    trainers = [make_trainer(coloured, tmp_path, gradient_checkpointing=on) for on in (False, True)]

    kept = [float(re.search(r"([\d.]+) MB kept", text_of(each))[1]) for each in trainers]

    pictures = max(int(re.search(r"(\d+) at most", text_of(trainers[0]))[1]), 1)
    inputs = pictures * 3 * (16 + 1) * 96 * 4 / 1e6  # 3 layers of 17 tokens of 96 numbers
    assert inputs < kept[1] < kept[0] / 2


@pytest.mark.parametrize("changes", [{}, {"ema": 0.9}, {"train": "last:1"}, {"lora_rank": 2}])
def test_steps_and_disk_are_those_of_a_real_run(coloured, make_trainer, tmp_path, changes):
    trainer = make_trainer(coloured, tmp_path, **changes)
    text = text_of(trainer)

    trainer.fit()

    steps, epochs = map(int, re.search(r"steps: (\d+) x (\d+)", text).groups())
    assert trainer.progress.steps_taken == steps * epochs
    told = float(re.search(r"([\d.]+) MB each", text)[1])
    for checkpoint in find_checkpoints(tmp_path / "checkpoints"):
        size = sum(file.stat().st_size for file in checkpoint.iterdir())
        assert size / 1e6 == pytest.approx(told, rel=0.05)


def test_adapters_are_all_that_is_trained(coloured, make_trainer, tmp_path):
    trainer = make_trainer(coloured, tmp_path, lora_rank=2)

    text = text_of(trainer)

    counts = re.findall(r"([\d,]+) of [\d,]+ parameters", text)
    trained = sum(p.numel() for p in trainer.task.encoder.parameters() if p.requires_grad)
    assert sum(int(each.replace(",", "")) for each in counts) == trained - 1  # the logit scale


@pytest.fixture
def fresh_accelerate():
    """Let a test choose the precision, which Accelerate holds for a whole process."""
    AcceleratorState._reset_state()
    yield
    AcceleratorState._reset_state()


@pytest.mark.usefixtures("fresh_accelerate")
@pytest.mark.parametrize("model", ["tiny-vit", "tiny-resnet"])
@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_what_is_told_to_be_kept_is_what_the_largest_step_of_an_epoch_keeps(
    coloured, tmp_path, model, precision
):
    settings = changed(OPTIONS, batching="image")
    accelerator = Accelerator(cpu=True, mixed_precision=precision)
    encoder = load_encoder(model, image_size=32)
    trainer = trainer_with(
        coloured, tmp_path, encoder, settings, accelerator=accelerator, num_workers=0
    )
    batches = trainer.stream.load(trainer.progress, num_workers=0)
    epoch = [next(batches)[0] for _ in range(trainer.stream.steps_per_epoch)]

    told = float(re.search(r"([\d.]+) MB kept", text_of(trainer))[1])

    kept = [_kept(encoder, partial(trainer.stepper.model, batch), ()) for batch in epoch]
    assert told == pytest.approx(max(kept) / 1e6, rel=0.15)
