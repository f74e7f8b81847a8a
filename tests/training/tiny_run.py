"""Options and trainers of the runs of these tests, small enough for seconds."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
from accelerate import Accelerator

from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.training.batching.sampling import ExampleOptions
from vg_mc.training.loop import Trainer
from vg_mc.training.optimization import OptimizationOptions
from vg_mc.training.options import ScheduleOptions, TrainingOptions
from vg_mc.training.tasks.multiple_choice import MultipleChoiceTask

OPTIONS = TrainingOptions(
    examples=ExampleOptions(candidates=3),
    schedule=ScheduleOptions(epochs=2, batch_size=8, evaluation_batch_size=8, checkpoint_steps=3),
    optimization=OptimizationOptions(learning_rate=1e-3, weight_decay=0.1, warmup_ratio=0.2),
)  # 8 steps on the fixture `coloured`


def changed(options: TrainingOptions, **changes) -> TrainingOptions:
    """Return options with some of them changed, whatever groups they are in."""
    groups = {group.name: getattr(options, group.name) for group in fields(options)}
    for name, group in groups.items():
        own = {key: changes.pop(key) for key in list(changes) if hasattr(group, key)}
        groups[name] = replace(group, **own)
    assert not changes, f"no such options: {changes}"
    return TrainingOptions(**groups)


def trainer_with(
    dataset: PreparedDataset,
    run: Path,
    encoder,
    options: TrainingOptions = OPTIONS,
    *,
    accelerator: Accelerator | None = None,
    num_workers: int = 0,
) -> Trainer:
    accelerator = accelerator or Accelerator(cpu=True)
    task = MultipleChoiceTask(accelerator, encoder, dataset, options)
    return Trainer(accelerator, task, *loop_options(options), run, num_workers=num_workers)


def loop_options(options: TrainingOptions):
    """Return the options of the trainer, in its order."""
    return options.schedule, options.optimization, options.parameters


class KilledError(Exception):
    """Stands for the end of the process."""


def fit_until_killed(trainer: Trainer, step: int) -> None:
    """Train, and let the process end after the given step, from 0, before it is recorded."""
    take_step = trainer.stepper.step

    def dying(batches, steps_taken):
        outcome = take_step(batches, steps_taken)
        if steps_taken == step:
            raise KilledError
        return outcome

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer.stepper, "step", dying)
        with pytest.raises(KilledError):
            trainer.fit()
