"""A task with a head beside the encoder: the trainer forgets none of its weights.

The task regresses the box of a bright rectangle. Box predictors are tasks of this kind.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from torch import nn
from torch.utils.data import Dataset

from tests.training.tiny_run import OPTIONS, changed, fit_until_killed, loop_options
from vg_mc.errors import BadInputError
from vg_mc.models.loading import load_encoder, random_start
from vg_mc.training.batching.batches import MicroBatch
from vg_mc.training.checkpoints import find_checkpoints
from vg_mc.training.loop import Trainer
from vg_mc.training.parameters import make_trainable
from vg_mc.training.tasks.protocol import StepOutcome, Validation

SIDE, FEATURES = 32, 64
CARD = "card.txt"


class BoxBatch(NamedTuple):
    images: torch.Tensor  # (N, 3, H, W) uint8
    boxes: torch.Tensor  # (N, 4), xyxy as fractions of the side


def rectangles(count: int, seed: int) -> BoxBatch:
    """Draw a white rectangle on each of `count` black images."""
    generator = np.random.default_rng(seed)
    starts = generator.integers(0, SIDE // 2, (count, 2))
    ends = starts + generator.integers(SIDE // 4, SIDE // 2, (count, 2))
    images = np.zeros((count, 3, SIDE, SIDE), dtype=np.uint8)
    for image, (left, top), (right, bottom) in zip(images, starts, ends, strict=True):
        image[:, top:bottom, left:right] = 255
    boxes = np.concatenate([starts, ends], axis=1) / SIDE
    return BoxBatch(torch.from_numpy(images), torch.from_numpy(boxes.astype(np.float32)))


class BoxRegressor(nn.Module):
    def __init__(self, encoder) -> None:
        super().__init__()
        self.encoder = encoder
        with random_start(0):
            self.head = nn.Linear(FEATURES, 4)

    def forward(self, batch: BoxBatch) -> torch.Tensor:
        return torch.sigmoid(self.head(self.encoder.encode_images(batch.images)))


class Examples(Dataset):
    def __init__(self, examples: BoxBatch) -> None:
        self.examples = examples

    def __getitem__(self, part: MicroBatch):
        rows = torch.from_numpy(part.expressions)
        return BoxBatch(*(values[rows] for values in self.examples)), part.share


@dataclass
class BoxTask:
    """Smooth-L1 regression of boxes; see `Task` for the methods."""

    encoder: nn.Module
    options: object
    units: int = 16
    summary: str = "16 rectangles"

    def __post_init__(self) -> None:
        make_trainable(self.encoder, self.options.parameters, self.options.schedule.seed)
        for name, value in self.encoder.named_parameters():  # boxes depend on the image alone
            value.requires_grad_(value.requires_grad and "vis" in name)
        self.model = BoxRegressor(self.encoder)

    def lr_scales(self):
        scales = {name: 1.0 for name, _ in self.model.named_parameters()}
        return scales | {"head.weight": 10.0, "head.bias": 10.0}

    def plan(self, epoch, *, parts):
        order = np.random.default_rng([self.options.schedule.seed, epoch]).permutation(self.units)
        batches = np.split(order, self.units // self.options.schedule.batch_size)
        return [
            [MicroBatch(epoch, rows, share=1 / parts) for rows in np.array_split(batch, parts)]
            for batch in batches
        ]

    def examples(self):
        return Examples(rectangles(self.units, seed=0))

    def expression_ids(self, part):
        return part.expressions.tolist()

    def step(self, model, batch):
        boxes = model(batch)
        loss = nn.functional.smooth_l1_loss(boxes, batch.boxes)
        close = ((boxes - batch.boxes).abs().amax(dim=1) < 0.1).float().mean()
        return StepOutcome(loss, close, len(batch.images))

    def validate(self, *, num_workers):  # noqa: ARG002
        held_out = rectangles(8, seed=1)
        with torch.no_grad():
            error = (self.model(held_out) - held_out.boxes).abs().mean().item()
        return Validation(1 - error, {"accuracy": 1 - error, "chance": None})

    def save(self, folder, *, epoch, validation, arithmetic):
        self.encoder.save(folder)
        save_file(self.model.head.state_dict(), folder / "head.safetensors")
        (folder / CARD).write_text(f"epoch {epoch}, {validation.score}, {arithmetic}")

    def size_of(self, batch):
        return f"{len(batch.images)} rectangles"

    def cheaper(self):
        return ["fewer --rectangles"]

    def forecast(self):
        return "little"


def box_trainer(run, **changes) -> Trainer:
    options = changed(OPTIONS, learning_rate=1e-2, batch_size=4, **changes)  # 4 steps per epoch
    task = BoxTask(load_encoder("tiny-vit", image_size=SIDE), options)
    return Trainer(Accelerator(cpu=True), task, *loop_options(options), run, num_workers=0)


def trained(run, **changes) -> Trainer:
    trainer = box_trainer(run, **changes)
    trainer.resume()
    trainer.fit()
    return trainer


def state_of(trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.task.model.state_dict().items()}


def differing(one, other) -> list[str]:
    return [name for name, value in one.items() if not torch.equal(value, other[name])]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Trainer:
    return trained(tmp_path_factory.mktemp("uninterrupted"), ema=0.9)


@pytest.mark.parametrize("train", ["all", "logit-scale"])
def test_the_head_is_optimized_whether_the_encoder_is_or_not(tmp_path, train):
    trainer = box_trainer(tmp_path, train=train)
    before = state_of(trainer)
    trainer.fit()

    moved = differing(before, state_of(trainer))

    trained_names = {name for name, p in trainer.task.model.named_parameters() if p.requires_grad}
    assert {"head.weight", "head.bias"} <= set(moved) == trained_names
    assert any(name.startswith("encoder.") for name in moved) == (train == "all")


def test_the_loss_of_another_task_falls(tmp_path):
    history = box_trainer(tmp_path, epochs=8).fit()

    losses = [entry["loss"] for entry in history.entries if "split" not in entry]
    assert losses[-1] < losses[0] / 2


def test_the_head_has_its_own_learning_rate_and_only_its_matrix_decays(tmp_path):
    trainer = box_trainer(tmp_path)

    name_of = {id(value): name for name, value in trainer.task.model.named_parameters()}
    groups = {
        name_of[id(value)]: (group["lr_scale"], group["weight_decay"])
        for group in trainer.stepper.optimizer.param_groups
        for value in group["params"]
    }
    assert groups["head.weight"] == (10.0, OPTIONS.optimization.weight_decay)
    assert groups["head.bias"] == (10.0, 0.0)


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_best_is_a_plain_clip_with_the_head_beside_it(tmp_path, ema):
    trainer = trained(tmp_path, epochs=1, ema=ema)

    best = tmp_path / "best"
    head = load_file(best / "head.safetensors")
    encoder = load_encoder(str(best), image_size=SIDE)
    kept = {f"head.{name}": value for name, value in head.items()}
    kept |= {f"encoder.{name}": value for name, value in encoder.state_dict().items()}
    expected = state_of(trainer) | (trainer.stepper.average.averages if ema else {})
    assert differing(kept, expected) == []
    assert ("head.weight" in differing(kept, state_of(trainer))) == bool(ema)
    assert (best / CARD).exists()


@pytest.mark.parametrize("step", [0, 2, 4, 7])
def test_a_resumed_run_has_the_head_of_an_uninterrupted_one(tmp_path, uninterrupted, step):
    killed = box_trainer(tmp_path, ema=0.9)
    fit_until_killed(killed, step)
    resumed = trained(tmp_path, ema=0.9)

    assert differing(state_of(resumed), state_of(uninterrupted)) == []
    averages = (each.stepper.average.averages for each in (resumed, uninterrupted))
    assert differing(*averages) == []
    assert resumed.progress == uninterrupted.progress


def test_a_checkpoint_restores_the_head_and_its_average(tmp_path):
    trainer = trained(tmp_path, ema=0.9)
    other = box_trainer(tmp_path, ema=0.9)
    assert "head.weight" in differing(state_of(other), state_of(trainer))

    other.resume()

    assert find_checkpoints(tmp_path / "checkpoints")
    assert differing(state_of(other), state_of(trainer)) == []
    assert torch.equal(
        other.stepper.average.averages["head.weight"],
        trainer.stepper.average.averages["head.weight"],
    )


def test_a_shortage_of_memory_names_the_options_of_the_task(tmp_path, monkeypatch):
    trainer = box_trainer(tmp_path)

    def forward(_batch):
        raise MemoryError

    monkeypatch.setattr(trainer.stepper.model, "forward", forward)

    with pytest.raises(BadInputError) as error:
        trainer.fit()

    assert "4 rectangles" in str(error.value)
    assert "fewer --rectangles" in str(error.value)
