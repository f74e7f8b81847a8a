"""Benchmarks of training: expressions per second in the steps of finetune.py."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.comparison import Aim, Comparison, Measured, Stopwatch, Way
from benchmarks.models import (
    CPU,
    TRAIN,
    Hardware,
    TrainingTask,
    open_questions,
    prepare_questions,
)

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator

    from benchmarks.throughput import StepSize
    from vg_mc.models.loading import Encoder
    from vg_mc.training.batching.batches import Batch
    from vg_mc.training.batching.sampling import Batching
    from vg_mc.training.options import TrainingOptions

PLAIN, BY_EXPRESSION, BY_IMAGE = "baseline", "vg_mc, by expression", "vg_mc, by image"
MODEL_ALONE = "vg_mc, by image, model only"
WAITING, MATRIX_RATE = "waiting, %", "of matrix rate, %"
LOSSES = "losses.json"
LEARNING_RATE = 8e-6
SEED = 0
# Of the first loss; in bfloat16 a number has three digits.
LARGEST_DIFFERENCE = {"no": 1e-4, "bf16": 5e-2}
MOST_WAITING = 5.0  # %


def of_model(
    task: TrainingTask, scratch: Path, hardware: Hardware = CPU, aims: tuple[Aim, ...] = ()
) -> Comparison:
    """Compare on synthetic images; with loader processes, the model is also measured alone."""
    ours = partial(our_way, task, hardware, scratch)
    ways = [
        Way(PLAIN, partial(plain_way, task, hardware, scratch)),
        Way(BY_EXPRESSION, partial(ours, "expression", False), against=PLAIN),
        Way(BY_IMAGE, partial(ours, "image", False), against=PLAIN),
    ]
    if hardware.num_workers:
        ways.append(Way(MODEL_ALONE, partial(ours, "image", True), against=PLAIN))
    return Comparison(
        title=(
            f"Training {task.model}, {task.shape.name}, {task.expressions_per_step} expressions "
            f"or {task.images_per_step} images a step"
        ),
        unit="expressions",
        set_up=partial(prepare_questions, task.questions, scratch),
        ways=tuple(ways),
        check=partial(check, LARGEST_DIFFERENCE[hardware.precision]),
        needs_torch=True,
        aims=(*aims, Aim("share of time waiting for data, %", waiting_by_image, most=MOST_WAITING)),
    )


def ratio_by_image(measured: dict[str, Measured]) -> float:
    """Return the ratio of expressions per second by image to those of the baseline."""
    return measured[BY_IMAGE].rate / measured[PLAIN].rate


def waiting_by_image(measured: dict[str, Measured]) -> float:
    """Return the share of time in which training by image waits for data, in percent."""
    return float(measured[BY_IMAGE].facts[WAITING])


@dataclass(slots=True)
class Steps:
    """Measurements of the timed steps.

    Attributes:
        sizes: Numbers of images and texts encoded in each step.
        waited: Seconds spent waiting for data.
    """

    expressions: int = 0
    sizes: "list[StepSize]" = field(default_factory=list)
    waited: float = 0.0


def plain_way(task: TrainingTask, hardware: Hardware, scratch: Path, folder: Path) -> Measured:
    """Encode four candidate images for each expression."""
    from benchmarks.plain.training import CANDIDATES, Sentences, train
    from benchmarks.throughput import StepSize, synchronize
    from vg_mc.models.loading import load_encoder
    from vg_mc.training.batching.plan import plan_epoch, units_of
    from vg_mc.training.batching.sampling import trainable

    dataset = open_questions(task.questions, scratch)
    encoder = load_encoder(task.model, image_size=task.image_size)
    device = _accelerator(hardware).device
    expressions = dataset.expressions(TRAIN)
    units = units_of(expressions, trainable(expressions), options_of(task, "expression").examples)
    batches = (
        parts[0].expressions.tolist()
        for epoch in count()
        for parts in plan_epoch(
            units, batch_size=task.expressions_per_step, parts=1, seed=SEED, epoch=epoch
        )
    )
    taken = train(
        encoder.to(device).model,
        Sentences(dataset, expressions, encoder.model, encoder.tokenizer, SEED),
        list(islice(batches, hardware.warm_up + task.steps)),
        LEARNING_RATE,
        bfloat16=hardware.precision == "bf16",
        num_workers=hardware.num_workers,
    )
    losses = [loss for loss, _, _ in islice(taken, hardware.warm_up)]
    done = Steps()
    synchronize(device)
    start = Stopwatch()
    for loss, token_ids, waited in taken:
        losses.append(loss)
        done.expressions += len(token_ids)
        done.sizes.append(StepSize(CANDIDATES * len(token_ids), *token_ids.shape))
        done.waited += waited
    synchronize(device)
    end = Stopwatch()
    (folder / LOSSES).write_text(json.dumps([loss.item() for loss in losses]))
    return measured(start, end, done, encoder, device, hardware)


def our_way(
    task: TrainingTask,
    hardware: Hardware,
    scratch: Path,
    batching: "Batching",
    model_alone: bool,
    folder: Path,
) -> Measured:
    """Execute the steps of finetune.py; the model alone uses its first batch in all of them."""
    import torch

    from benchmarks.throughput import synchronize
    from vg_mc.models.loading import load_encoder
    from vg_mc.training.checkpoints import Progress
    from vg_mc.training.loop import Trainer
    from vg_mc.training.tasks.multiple_choice import MultipleChoiceTask

    dataset = open_questions(task.questions, scratch)
    encoder = load_encoder(task.model, image_size=task.image_size)
    accelerator, options = _accelerator(hardware), options_of(task, batching)
    training = MultipleChoiceTask(accelerator, encoder, dataset, options)
    trainer = Trainer(
        accelerator,
        training,
        options.schedule,
        options.optimization,
        options.parameters,
        folder,
        num_workers=hardware.num_workers,
    )
    loaded = trainer.stream.load(Progress(), num_workers=hardware.num_workers)
    done = Steps()
    batches = noted(repeat(next(loaded)) if model_alone else loaded, done)
    device = trainer.accelerator.device
    trainer.stepper.model.train()
    steps = (trainer.stepper.step(batches, step) for step in count())
    outcomes = list(islice(steps, hardware.warm_up))
    done.sizes, done.expressions = [], 0
    waited = trainer.stream.waited
    synchronize(device)
    start = Stopwatch()
    outcomes += islice(steps, task.steps)
    synchronize(device)
    end = Stopwatch()
    done.waited = trainer.stream.waited - waited
    (folder / LOSSES).write_text(json.dumps(torch.stack(outcomes)[:, 0].tolist()))
    return measured(start, end, done, encoder, device, hardware)


def noted(batches: "Iterator[tuple[Batch, float]]", done: Steps) -> "Iterator[tuple[Batch, float]]":
    """Yield `batches` and record their sizes."""
    from benchmarks.throughput import StepSize

    for batch, share in batches:
        done.expressions += len(batch.expression_ids)
        done.sizes.append(StepSize(len(batch.pictures), *batch.tokens.token_ids.shape))
        yield batch, share


def measured(
    start: Stopwatch,
    end: Stopwatch,
    done: Steps,
    encoder: "Encoder",
    device: "torch.device",
    hardware: Hardware,
) -> Measured:
    """Return the measurements between `start` and `end`, relative to the matrix rate."""
    import torch

    from benchmarks.throughput import matrix_rate, operations, without_content

    seconds = end.seconds - start.seconds
    facts = {
        "pictures/s": f"{sum(size.pictures for size in done.sizes) / seconds:,.1f}",
        WAITING: f"{100 * done.waited / seconds:.1f}",
    }
    if device.type == "cuda":
        facts["MB of GPU at peak"] = f"{torch.cuda.max_memory_allocated(device) // 2**20:,}"
    shapes = without_content(encoder)
    rate = sum(operations(shapes, size) for size in done.sizes) / seconds
    dtype = torch.bfloat16 if hardware.precision == "bf16" else torch.float32
    possible = matrix_rate(device, dtype, hardware.matrix_side)
    facts["GFLOP/s"] = f"{rate / 1e9:,.0f}"
    facts[MATRIX_RATE] = f"{100 * rate / possible:.0f}"
    return start.until(end, done.expressions, **facts)


def _accelerator(hardware: Hardware) -> "Accelerator":
    from accelerate import Accelerator

    return Accelerator(cpu=hardware.cpu, mixed_precision=hardware.precision)


def options_of(task: TrainingTask, batching: "Batching") -> "TrainingOptions":
    """Return the options of a run that is longer than its measured part."""
    from vg_mc.training.batching.sampling import ExampleOptions
    from vg_mc.training.optimization import OptimizationOptions
    from vg_mc.training.options import ScheduleOptions, TrainingOptions

    by_image = batching == "image"
    return TrainingOptions(
        examples=ExampleOptions(batching=batching),
        schedule=ScheduleOptions(
            epochs=1000,
            batch_size=task.images_per_step if by_image else task.expressions_per_step,
            seed=SEED,
        ),
        optimization=OptimizationOptions(learning_rate=LEARNING_RATE, warmup_ratio=0.0),
    )


def check(largest: float, folder: Path) -> str:
    """Compare the losses of the first step, before any update of the weights."""
    plain, ours = (_first_loss(folder / name) for name in (PLAIN, BY_EXPRESSION))
    assert abs(plain - ours) < largest, f"the loss of the baseline is {plain}, that of vg_mc {ours}"
    return (
        f"The loss of the first step by expression is {ours:.6f}, "
        f"that of the baseline on the same examples differs by {abs(plain - ours):.1e}."
    )


def _first_loss(folder: Path) -> float:
    return float(json.loads((folder / LOSSES).read_text())[0])
