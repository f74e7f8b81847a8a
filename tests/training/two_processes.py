"""What test_processes.py lets two processes do: torchrun starts this file with two folders."""

import os
import signal
import sys
from itertools import product
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from torch import nn

from tests.training.tiny_run import OPTIONS, changed, trainer_with
from vg_mc.models.loading import load_encoder
from vg_mc.predictions import write_predictions
from vg_mc.predictions.run import predict
from vg_mc.prepared.dataset import PreparedDataset, open_prepared
from vg_mc.system.launch import start_accelerator
from vg_mc.system.signals import StoppedError
from vg_mc.training.loop import Trainer
from vg_mc.training.options import TrainingOptions

# Clipped gradients would hide that all are too long or too short.
UNCLIPPED = changed(OPTIONS, max_gradient_norm=1e6)
WAYS = {
    f"{batching}-{accumulation}": changed(
        UNCLIPPED, batching=batching, gradient_accumulation=accumulation
    )
    for batching, accumulation in product(("expression", "image"), (1, 2))
}
WAYS["image-2-everything"] = changed(
    WAYS["image-2"],
    symmetric=0.5,
    label_smoothing=0.1,
    max_candidates=3,
    targets="iou",
    flip=0.5,
    color_jitter=0.3,
)
WAYS["image-2-chunks"] = changed(WAYS["image-2"], picture_chunk=3)
LEARNS_STATISTICS = changed(UNCLIPPED, batch_norm="trained", gradient_accumulation=2, ema=0.9)
ADAPTERS = changed(UNCLIPPED, lora_rank=2, ema=0.9, gradient_checkpointing=True)
KILLED_IN_STEP = 5
LOST = changed(WAYS["expression-1"], epochs=1, checkpoint_steps=1)
LOST_IN_STEP = 3


def trainer_of(
    dataset: PreparedDataset, run: Path, settings: TrainingOptions, model: str
) -> Trainer:
    encoder = load_encoder(model, image_size=dataset.image_size)
    if model == "tiny-vit":
        # The dataset's images are of one colour each, which cosine filters do not respond to: what
        # follows them would have gradients of rounding alone, which Adam amplifies.
        torch.manual_seed(0)
        nn.init.normal_(encoder.model.vision_model.embeddings.patch_embedding.weight, std=0.02)
    return trainer_with(dataset, run, encoder, settings, num_workers=0)


def trained(dataset: PreparedDataset, run: Path, settings: TrainingOptions, model: str) -> Trainer:
    trainer = trainer_of(dataset, run, settings, model)
    trainer.resume()
    trainer.fit()
    return trainer


def stopped(dataset: PreparedDataset, run: Path, settings: TrainingOptions, model: str) -> None:
    """Train until a signal reaches the second process alone, which both must obey."""
    trainer = trainer_of(dataset, run, settings, model)
    step = trainer._step

    def signalled(batches):
        is_last = trainer.accelerator.is_last_process
        if is_last and trainer.progress.steps_taken + 1 == KILLED_IN_STEP:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(batches)

    trainer._step = signalled
    with pytest.raises(StoppedError, match="after step 5"):
        trainer.fit()


def spoiled(dataset: PreparedDataset, run: Path, settings: TrainingOptions, model: str) -> Trainer:
    """Train with an infinite loss in one process and one step, which both must skip."""
    trainer = trainer_of(dataset, run, settings, model)
    model = trainer.stepper.model
    forward = model.forward

    def unlikely(batch):
        logits = forward(batch)
        in_time = trainer.progress.steps_taken + 1 == KILLED_IN_STEP
        if in_time and trainer.accelerator.is_last_process:
            return logits.index_fill(1, torch.tensor([0]), float("-inf"))
        return logits

    model.forward = unlikely
    trainer.fit()
    return trainer


def lost(dataset: PreparedDataset, run: Path, settings: TrainingOptions, model: str) -> None:
    """Train; when torchrun starts it for the first time, the second process is killed."""
    trainer = trainer_of(dataset, run, settings, model)
    step = trainer._step

    def dying(batches):
        is_last = trainer.accelerator.is_last_process
        if (
            is_last
            and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"
            and trainer.progress.steps_taken + 1 == LOST_IN_STEP
        ):
            os.kill(os.getpid(), signal.SIGKILL)
        return step(batches)

    trainer._step = dying
    trainer.resume()
    trainer.fit()


def killed(dataset: PreparedDataset, run: Path, settings: TrainingOptions, model: str) -> None:
    """Train until all processes die in the same step."""
    trainer = trainer_of(dataset, run, settings, model)
    step = trainer._step

    def dying(batches):
        if trainer.progress.steps_taken == KILLED_IN_STEP:
            raise KeyboardInterrupt
        return step(batches)

    trainer._step = dying
    try:
        trainer.fit()
    except KeyboardInterrupt:
        return
    raise AssertionError("nobody killed it")


def main(prepared: Path, output: Path, *only_lost: Path) -> None:
    dataset = open_prepared(prepared)
    if only_lost:
        start_accelerator("no")  # finds the others also when started again
        lost(dataset, output, LOST, "tiny-vit")
        return
    accelerator = Accelerator(cpu=True)
    assert accelerator.num_processes == 2
    for name, settings in WAYS.items():
        trained(dataset, output / name, settings, "tiny-vit")
    for batch_size in (3, 99):
        encoder = load_encoder("tiny-vit", image_size=dataset.image_size)
        predictions = predict(
            accelerator, encoder, dataset, "testA", batch_size=batch_size, num_workers=0
        )
        folder = output / f"predictions-{batch_size}-{accelerator.process_index}"
        write_predictions(predictions, folder)
    killed(dataset, output / "killed", LEARNS_STATISTICS, "tiny-resnet")
    stopped(dataset, output / "stopped", LEARNS_STATISTICS, "tiny-resnet")
    spoiled(dataset, output / "spoiled", LEARNS_STATISTICS, "tiny-resnet")
    killed(dataset, output / "adapters-killed", ADAPTERS, "tiny-vit")
    for name in ("adapters-killed", "adapters-whole"):
        trained(dataset, output / name, ADAPTERS, "tiny-vit")
    for name in ("killed", "stopped", "spoiled", "whole"):
        end = trained(dataset, output / name, LEARNS_STATISTICS, "tiny-resnet")
        torch.save(
            end.task.encoder.state_dict(), output / name / f"end-{accelerator.process_index}.pt"
        )
    accelerator.end_training()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
