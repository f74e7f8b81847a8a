"""Training of box predictors with frozen towers: one image per expression, or features once.

    python -m benchmarks.box_features --model open_clip:ViT-B-32

trains the same batches of drawn scenes in four ways, which take turns and must give the same
losses: the plain way decodes and encodes the image of each expression, with gradients through the
towers; the second does so without gradients; the third encodes each image once for all of its
expressions in a batch; the last reads cached features. The first step, which loads libraries, and
the computation of features are not part of an epoch; the latter has its own column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import torch
from accelerate import Accelerator
from tabulate import tabulate
from torch.nn import functional as F

from benchmarks.report import describe_machine
from benchmarks.rounds import ROUNDS, in_turns, spread
from benchmarks.scripts import run_script
from vg_mc.commands.config import parse_config
from vg_mc.models.box_predictors.protocol import BoxInputs, BoxPredictor
from vg_mc.models.dual_encoder import TokenBatch
from vg_mc.models.loading import load_encoder
from vg_mc.prepared.dataset import PreparedDataset, open_prepared
from vg_mc.training.batching.batches import MicroBatch
from vg_mc.training.batching.box_examples import BoxBatch, BoxExampleMaker
from vg_mc.training.batching.sampling import ExampleOptions
from vg_mc.training.loop import Trainer
from vg_mc.training.optimization import OptimizationOptions
from vg_mc.training.options import ScheduleOptions, TrainingOptions
from vg_mc.training.parameters import ParameterOptions
from vg_mc.training.tasks.box_options import BoxOptions
from vg_mc.training.tasks.box_regression import BoxRegressionTask

if TYPE_CHECKING:
    from torch import Tensor

PLAIN, FROZEN = "an image per expression, gradients", "an image per expression"
ONCE, CACHED = "each image once", "cached features"
WAYS = (PLAIN, FROZEN, ONCE, CACHED)
LARGEST_DIFFERENCE = 1e-3  # of a loss, relative
NOISE = 0.1


@dataclass(frozen=True)
class BoxFeaturesConfig:
    """Measure the training of box predictors with frozen towers."""

    model: str = "tiny-vit"
    """The model, as for finetune.py."""

    predictor: tuple[str, ...] = ("mlp",)
    """The box predictors; a head of clip-vg takes far longer than a tiny tower."""

    scenes: int = 200
    """Number of training scenes."""

    input_size: int | None = None
    """Side of the inputs in pixels; by default that of the model."""

    images_per_step: int = 8
    """Images per step, with all of their expressions."""

    rounds: int = ROUNDS
    """Number of measurements of each way."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """Measurement of an epoch without its first step.

    Attributes:
        expressions: Number of expressions.
        seconds: Duration.
        once: Seconds that the computation of features took before.
        losses: Loss of each step.
    """

    expressions: int
    seconds: float
    once: float
    losses: list[float]


class PerExpression:
    """Training examples that share no image and no text."""

    def __init__(self, maker: BoxExampleMaker) -> None:
        """Assemble the examples of `maker` one by one."""
        self.maker = maker

    def __getitem__(self, part: MicroBatch) -> tuple[BoxBatch, float]:
        rows = np.split(part.expressions, len(part.expressions))
        return joined([self.maker.assemble(row, part.epoch) for row in rows]), part.share


def main(argv: Sequence[str] | None = None) -> None:
    """Print a table for each predictor."""
    config = parse_config(BoxFeaturesConfig, argv)
    print(describe_machine("python -m benchmarks.box_features"))
    with TemporaryDirectory(prefix="vg_mc-box-features-") as temporary:
        dataset = prepare(config.scenes, Path(temporary))
        for predictor in config.predictor:
            epochs = measure(config, predictor, dataset)
            print(f"\n{predictor}, {config.model}\n\n{table_of(epochs)}", flush=True)


def prepare(scenes: int, home: Path) -> PreparedDataset:
    """Draw scenes and prepare their whole images."""
    run_script(
        "prepare_data.py", "--corpus", "scenes", "--annotations", home / "scenes", "--scenes",
        scenes, "--whole-images", 128, "--proposer", "none", "--train-proposer", "none",
        "--output", home / "prepared",
    )  # fmt: skip
    return open_prepared(home / "prepared")


def measure(
    config: BoxFeaturesConfig, predictor: str, dataset: PreparedDataset
) -> dict[str, list[Epoch]]:
    """Measure all ways in turns.

    Raises:
        ValueError: If their losses differ.
    """
    epochs = in_turns(WAYS, lambda way: train(config, predictor, dataset, way), config.rounds)
    difference = largest_difference(epochs)
    if difference > LARGEST_DIFFERENCE:
        raise ValueError(f"losses of {predictor} differ by {difference:.1e}")
    return epochs


def train(config: BoxFeaturesConfig, predictor: str, dataset: PreparedDataset, way: str) -> Epoch:
    """Train an epoch in one way."""
    with TemporaryDirectory(prefix="vg_mc-box-features-") as folder:
        trainer = trainer_of(config, predictor, dataset, way, Path(folder))
        task = trainer.task
        assert isinstance(task, BoxRegressionTask)
        start = perf_counter()
        assert (task.features is None) == (way != CACHED)
        once = perf_counter() - start
        examples: PerExpression | BoxExampleMaker = task.examples()
        if way in (PLAIN, FROZEN):
            examples = PerExpression(task.examples())
        parts = [part for step in trainer.stream.plan(0) for part in step]
        batches = (examples[part] for part in parts)
        trainer.stepper.model.train()
        losses, start = [], 0.0
        for step in range(len(parts)):
            losses.append(float(trainer.stepper.step(batches, step)[0]))
            task.model.zero_grad()  # gradients of towers, which the optimizer does not know
            start = start or perf_counter()
        seconds = perf_counter() - start
        return Epoch(sum(len(part.expressions) for part in parts[1:]), seconds, once, losses)


def trainer_of(
    config: BoxFeaturesConfig, predictor: str, dataset: PreparedDataset, way: str, folder: Path
) -> Trainer[BoxBatch]:
    """Create the trainer of one way."""
    training = TrainingOptions(
        examples=ExampleOptions(batching="image"),
        schedule=ScheduleOptions(
            epochs=1, batch_size=config.images_per_step, evaluation_batch_size=32
        ),
        # Gradients of towers count in the norm, but must not change the step.
        optimization=OptimizationOptions(max_gradient_norm=1e9),
        parameters=ParameterOptions(train="none"),
    )
    box = BoxOptions(features=folder / "features" if way == CACHED else None)
    encoder = load_encoder(config.model, image_size=config.input_size)
    accelerator = Accelerator(cpu=True)
    task = BoxRegressionTask(accelerator, encoder, dataset, predictor, training, box)
    disturb(task.predictor)
    trainer = Trainer(
        accelerator,
        task,
        training.schedule,
        training.optimization,
        training.parameters,
        folder,
        num_workers=0,
    )
    if way == PLAIN:
        encoder.requires_grad_()
    return trainer


@torch.no_grad()
def disturb(model: BoxPredictor) -> None:
    """Add noise to the head, whose first boxes would otherwise not depend on features."""
    generator = torch.Generator().manual_seed(0)
    for weight in model.parameters():
        if weight.requires_grad:
            weight.add_(NOISE * torch.randn(weight.shape, generator=generator))


def joined(batches: Sequence[BoxBatch]) -> BoxBatch:
    """Concatenate batches of one expression each, without sharing images or texts."""
    inputs = [batch.inputs for batch in batches]
    longest = max(each.tokens.token_ids.shape[1] for each in inputs)
    tokens = zip(*(_padded(each.tokens, longest) for each in inputs), strict=True)
    index = torch.arange(len(batches))
    together = BoxInputs(
        images=torch.cat([each.images for each in inputs]),
        content=torch.cat([each.content for each in inputs]),
        tokens=TokenBatch(*map(torch.cat, tokens)),
        image_index=index,
        text_index=index,
    )
    return BoxBatch(
        together,
        torch.cat([batch.targets for batch in batches]),
        torch.cat([batch.expression_ids for batch in batches]),
    )


def _padded(tokens: TokenBatch, count: int) -> "tuple[Tensor, Tensor]":
    missing = (0, count - tokens.token_ids.shape[1])
    return F.pad(tokens.token_ids, missing), F.pad(tokens.attention_mask, missing)


def largest_difference(epochs: dict[str, list[Epoch]]) -> float:
    """Return the largest relative difference of a loss from that of the plain way."""
    expected = np.array(epochs[PLAIN][0].losses)
    losses = np.array([epoch.losses for runs in epochs.values() for epoch in runs])
    return float((np.abs(losses - expected) / np.abs(expected)).max())


def table_of(epochs: dict[str, list[Epoch]]) -> str:
    """Return a table with one row per way, of the medians."""
    rates = {
        way: runs[0].expressions / median_low([run.seconds for run in runs])
        for way, runs in epochs.items()
    }
    rows = [
        {
            "way": way,
            "expressions/s": f"{rates[way]:,.1f}",
            "ratio": f"{rates[way] / rates[PLAIN]:.2f}",
            "spread": f"{spread([run.seconds for run in runs]):.0%}",
            "once, s": f"{median_low([run.once for run in runs]):.1f}" if way == CACHED else "",
        }
        for way, runs in epochs.items()
    ]
    difference = f"largest relative difference of a loss: {largest_difference(epochs):.1e}"
    return f"{tabulate(rows, 'keys', tablefmt='github', disable_numparse=True)}\n\n{difference}"


if __name__ == "__main__":
    main()
