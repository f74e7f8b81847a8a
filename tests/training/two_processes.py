"""What test_processes.py lets two processes do: torchrun starts this file with two folders."""

import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import torch
from accelerate import Accelerator

from tests.training.tiny_run import SETTINGS
from vg_mc.encoders import load_encoder
from vg_mc.evaluation import predict
from vg_mc.predictions import write_predictions
from vg_mc.prepared.dataset import PreparedDataset, open_prepared
from vg_mc.training.loop import Trainer
from vg_mc.training.settings import TrainingSettings

# Clipped gradients would hide that all are too long or too short.
UNCLIPPED = replace(SETTINGS, max_gradient_norm=1e6)
WAYS = {
    f"{batching}-{accumulation}": replace(UNCLIPPED, batching=batching, accumulation=accumulation)
    for batching, accumulation in product(("expression", "image"), (1, 2))
}
WAYS["image-2-everything"] = replace(
    WAYS["image-2"],
    symmetric=0.5,
    label_smoothing=0.1,
    max_candidates=3,
    targets="iou",
    flip=0.5,
    color_jitter=0.3,
)
LEARNS_STATISTICS = replace(UNCLIPPED, freeze_batch_norm=False, accumulation=2)
KILLED_IN_STEP = 5


def trainer_of(
    dataset: PreparedDataset, run: Path, settings: TrainingSettings, model: str
) -> Trainer:
    encoder = load_encoder(model, image_size=dataset.image_size)
    return Trainer(Accelerator(cpu=True), encoder, dataset, settings, run, num_workers=0)


def trained(dataset: PreparedDataset, run: Path, settings: TrainingSettings, model: str) -> Trainer:
    trainer = trainer_of(dataset, run, settings, model)
    trainer.resume()
    trainer.fit()
    return trainer


def killed(dataset: PreparedDataset, run: Path, settings: TrainingSettings, model: str) -> None:
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


def main(prepared: Path, output: Path) -> None:
    dataset = open_prepared(prepared)
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
    for name in ("killed", "whole"):
        end = trained(dataset, output / name, LEARNS_STATISTICS, "tiny-resnet")
        torch.save(end.encoder.state_dict(), output / name / f"end-{accelerator.process_index}.pt")
    accelerator.end_training()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
