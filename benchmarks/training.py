"""Training: expressions learned from per second, by the trainer that finetune.py runs."""

import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.comparison import Comparison, Measured, Stopwatch, Way
from benchmarks.models import TRAIN, Task, open_task, prepare_task

if TYPE_CHECKING:
    from torch import Tensor

    from vg_mc.batching import Batch, Batching
    from vg_mc.training.settings import TrainingSettings

PLAIN, BY_EXPRESSION, BY_IMAGE = "plain", "ours, by expression", "ours, by image"
LOSSES = "losses.json"
LEARNING_RATE = 8e-6
SEED = 0
LARGEST_DIFFERENCE = 1e-4  # of losses, in float32


def of_model(task: Task, scratch: Path) -> Comparison:
    """Compare on made-up photos of 7.5 expressions and 10 candidates each."""
    ours = partial(our_way, task, scratch)
    return Comparison(
        title=(
            f"Training {task.model}, {task.expressions_per_step} expressions or "
            f"{task.images_per_step} photos a step"
        ),
        unit="expressions",
        set_up=partial(prepare_task, task, scratch),
        ways=(
            Way(PLAIN, partial(plain_way, task, scratch)),
            Way(BY_EXPRESSION, partial(ours, "expression"), against=PLAIN),
            Way(BY_IMAGE, partial(ours, "image"), against=PLAIN),
        ),
        check=check,
        needs_torch=True,
    )


def plain_way(task: Task, scratch: Path, folder: Path) -> Measured:
    """Encode for each sentence its own four pictures."""
    from benchmarks.plain.training import Sentences, train
    from vg_mc.batching import plan_epoch, trainable, units_of
    from vg_mc.encoders import load_encoder

    dataset = open_task(task, scratch)
    encoder = load_encoder(task.model, image_size=task.image_size)
    expressions = dataset.expressions(TRAIN)
    plan = plan_epoch(
        units_of(expressions, trainable(expressions), settings_of(task, "expression").asking),
        batch_size=task.expressions_per_step,
        parts=1,
        seed=SEED,
        epoch=0,
    )
    batches = [parts[0].expressions.tolist() for parts in plan[: task.steps]]
    sentences = Sentences(dataset, expressions, encoder.model, encoder.tokenizer, SEED)
    steps = train(encoder.model, sentences, batches, LEARNING_RATE)
    losses = [next(steps)]
    stopwatch = Stopwatch()
    losses += list(steps)
    measured = stopwatch.stop(sum(map(len, batches[1:])))
    (folder / LOSSES).write_text(json.dumps(losses))
    return measured


def our_way(task: Task, scratch: Path, batching: "Batching", folder: Path) -> Measured:
    """Train as finetune.py does."""
    from accelerate import Accelerator

    from vg_mc.encoders import load_encoder
    from vg_mc.training.loop import Trainer

    settings = settings_of(task, batching)
    dataset = open_task(task, scratch)
    encoder = load_encoder(task.model, image_size=task.image_size)
    trainer = Trainer(Accelerator(cpu=True), encoder, dataset, settings, folder, num_workers=0)
    listener = Listener(task.steps)
    trainer.stepper.model.register_forward_hook(listener.after_forward)
    trainer.stepper.optimizer.optimizer.register_step_post_hook(listener.after_step)
    with suppress(StepsDone):
        trainer.fit()
    return listener.measured(folder)


def settings_of(task: Task, batching: "Batching") -> "TrainingSettings":
    """Return the settings of a run of one epoch, of which the first steps are measured."""
    from vg_mc.training.settings import TrainingSettings

    by_image = batching == "image"
    return TrainingSettings(
        batching=batching,
        candidates=4,
        epochs=1,
        batch_size=task.images_per_step if by_image else task.expressions_per_step,
        accumulation=1,
        learning_rate=LEARNING_RATE,
        weight_decay=0.0,
        warmup_ratio=0.0,
        max_gradient_norm=1.0,
        freeze_batch_norm=True,
        evaluation_batch_size=1,
        checkpoint_steps=task.steps + 1,
        seed=SEED,
    )


class StepsDone(Exception):  # noqa: N818  # nothing went wrong
    """Ends a run after the steps that are measured, before it validates and saves."""


class Listener:
    """Measures a run from the end of its first step to the end of its last.

    The trainer knows nothing of it: PyTorch calls it after each forward pass and each step.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.expressions: list[int] = []
        self.losses: list[float] = []
        self.stopwatches: list[Stopwatch] = []

    def after_forward(self, _model: object, arguments: "tuple[Batch]", logits: "Tensor") -> None:
        """Take down the loss and how many expressions it is about."""
        from torch.nn.functional import cross_entropy

        labels = arguments[0].targets.argmax(dim=1)
        self.expressions.append(len(labels))
        self.losses.append(cross_entropy(logits.detach(), labels).item())

    def after_step(self, _optimizer: object, _arguments: object, _keywords: object) -> None:
        """Take the time, and leave the run after the last step."""
        self.stopwatches.append(Stopwatch())
        if len(self.stopwatches) == self.steps:
            raise StepsDone

    def measured(self, folder: Path) -> Measured:
        """Say what was measured since the first step, and keep the losses in `folder`."""
        assert len(self.stopwatches) == self.steps, "the run has fewer steps than are to be timed"
        (folder / LOSSES).write_text(json.dumps(self.losses))
        return self.stopwatches[0].until(self.stopwatches[-1], sum(self.expressions[1:]))


def check(folder: Path) -> str:
    """Compare the losses of the first step, before the weights were changed."""
    plain, ours = (_first_loss(folder / name) for name in (PLAIN, BY_EXPRESSION))
    assert abs(plain - ours) < LARGEST_DIFFERENCE, f"the plain loss is {plain}, ours {ours}"
    return (
        f"The loss of the first step by expression is {ours:.6f}, "
        f"the plain one on the same questions differs by {abs(plain - ours):.1e}."
    )


def _first_loss(folder: Path) -> float:
    return float(json.loads((folder / LOSSES).read_text())[0])
