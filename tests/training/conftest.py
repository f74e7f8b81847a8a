"""A trainer of the tiniest model, as several test files need one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from accelerate import Accelerator

from vg_mc.encoders import load_encoder
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.training.loop import Trainer
from vg_mc.training.settings import TrainingSettings

SETTINGS = TrainingSettings(
    batching="expression",
    candidates=3,
    epochs=2,
    batch_size=8,
    accumulation=1,
    learning_rate=1e-3,
    weight_decay=0.1,
    warmup_ratio=0.2,
    max_gradient_norm=1.0,
    freeze_batch_norm=True,
    evaluation_batch_size=8,
    checkpoint_steps=3,
    seed=0,
)  # 8 steps on the fixture `coloured`


def built(dataset: PreparedDataset, run: Path, *, model: str = "tiny-vit", **changes) -> Trainer:
    """Build a trainer of SETTINGS with `changes`."""
    encoder = load_encoder(model, image_size=32)
    settings = replace(SETTINGS, **changes)
    return Trainer(Accelerator(cpu=True), encoder, dataset, settings, run, num_workers=0)


@pytest.fixture(scope="session")
def make_trainer() -> Callable[..., Trainer]:
    return built
