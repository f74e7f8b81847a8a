"""Command ``finetune.py``, which fine-tunes a model on a prepared dataset."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.models.box_predictors.registry import PREDICTOR_HELP
from vg_mc.records import TRAIN_SPLIT
from vg_mc.system.hub import push, require_login
from vg_mc.system.launch import Precision, Tracker, start_accelerator, workers_of
from vg_mc.system.options import (
    AT_LEAST_0,
    INDECISIVE,
    flag_name,
    flat,
    indecisive,
    option_types,
)
from vg_mc.system.signals import StoppedError
from vg_mc.training.batching.sampling import ExampleOptions
from vg_mc.training.options import TrainingOptions
from vg_mc.training.run_record import Resume, claim, describe
from vg_mc.training.tasks.box_options import BoxOptions, check_kind
from vg_mc.training.tasks.losses import LossOptions

if TYPE_CHECKING:
    from accelerate import Accelerator

    from vg_mc.prepared.dataset import PreparedDataset
    from vg_mc.training.journal import History
    from vg_mc.training.tasks.protocol import Task


LEARNED = 0.9  # accuracy on the expressions of an --overfit test


@dataclass(frozen=True)
class FinetuneConfig:
    """Fine-tune CLIP to choose among candidate images, or with a head that predicts boxes."""

    dataset: Annotated[Path, INDECISIVE]
    """Prepared dataset with the splits train and val."""

    model: str
    """Hub id or folder of a transformers dual encoder; folder of a PEFT adapter, which is merged
    into its base model; folder of an open_clip model, or open_clip:NAME/TAG; open_clip:NAME/FILE or
    open_clip:NAME/TAG/FILE for a checkpoint of open_clip or openai/CLIP, with the TAG of the
    weights that its training started from; or tiny-vit or tiny-resnet, with random weights."""

    output: Annotated[Path, INDECISIVE]
    """Folder of the run: config.json, metrics.jsonl, checkpoints/, best/."""

    training: TrainingOptions = field(default_factory=TrainingOptions)

    predictor: Annotated[str, tyro.conf.arg(help=PREDICTOR_HELP)] = ""

    box: BoxOptions = field(default_factory=BoxOptions)

    overfit: Annotated[int, AT_LEAST_0] = 0
    """Self-test: train and validate on the first N expressions of train, 0 for all of both splits.
    A model that can learn answers almost all of them correctly after enough epochs."""

    mixed_precision: Precision = "no"
    """Arithmetic of the forward pass."""

    num_workers: Annotated[int | None, INDECISIVE] = None
    """Data loader workers per training process; by default 1, more with a GPU."""

    resume: Annotated[Resume, INDECISIVE] = "auto"
    """Continue from the newest undamaged checkpoint of a run with the same options, or reject an
    existing output."""

    log_with: Annotated[Tracker | None, INDECISIVE] = None
    """Log to a tracker as well, which must be installed: tensorboard writes to <output>/trackers;
    wandb and trackio may use the network. metrics.jsonl is always written."""

    dry_run: Annotated[bool, INDECISIVE] = False
    """Print the size of the run (parameters, steps, images, memory, disk) and write nothing."""

    push_to_hub: Annotated[str | None, INDECISIVE] = None
    """Upload best/ to this OWNER/NAME of Hugging Face's hub when the run ends; a new repository is
    private."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(FinetuneConfig, argv))


def run(config: FinetuneConfig) -> None:
    """Fine-tune a model; called in each launched process."""
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.reports.plots import write_learning_curves
    from vg_mc.training.loop import Trainer
    from vg_mc.training.tasks.protocol import VALIDATION_SPLIT

    config.training.check()
    check_kind(config.predictor, config.training, config.box)
    accelerator = start_accelerator(
        config.mixed_precision, tracker=config.log_with, run=config.output
    )
    dataset = open_prepared(config.dataset)
    if config.overfit:
        splits = (TRAIN_SPLIT, VALIDATION_SPLIT)
        dataset = dataset.first_expressions(TRAIN_SPLIT, config.overfit, named=splits)
    task = task_of(config, accelerator, dataset)
    num_workers = workers_of(config.num_workers, accelerator)
    training = config.training
    trainer = Trainer(
        accelerator,
        task,
        training.schedule,
        training.optimization,
        training.parameters,
        config.output,
        num_workers=num_workers,
    )
    if config.dry_run:
        if accelerator.is_main_process:
            print(task.forecast())
        accelerator.end_training()
        return
    if config.push_to_hub is not None and accelerator.is_main_process:
        require_login(config.push_to_hub)
    # After all other checks, so that a failed start creates no folder. The main process checks and
    # writes, and the others wait for it.
    if accelerator.is_main_process:
        described = describe(
            decisive(config), dataset, accelerator, draws_markers=not config.predictor
        )
        claim(config.output, described, config.resume)
        print(task.summary)
    accelerator.wait_for_everyone()
    accelerator.init_trackers("vg_mc", {key: str(value) for key, value in flat(config).items()})

    def draw_curves(history: "History") -> None:
        if accelerator.is_main_process:
            write_learning_curves(history.entries, config.output / "learning-curves.png")

    trainer.resume()
    try:
        history = trainer.fit(draw_curves)
    except StoppedError:  # raised in all processes
        accelerator.end_training()
        raise
    draw_curves(history)  # again, since a run may be killed between a checkpoint and its plot
    if accelerator.is_main_process:
        report(config, trainer.progress.best_score)
    accelerator.end_training()


def task_of(
    config: FinetuneConfig, accelerator: "Accelerator", dataset: "PreparedDataset"
) -> "Task[Any]":
    """Load the model and create the task that trains it."""
    from vg_mc.models.loading import load_encoder
    from vg_mc.training.tasks.box_regression import BoxRegressionTask
    from vg_mc.training.tasks.multiple_choice import MultipleChoiceTask

    seed = config.training.schedule.seed
    if not config.predictor:
        encoder = load_encoder(config.model, image_size=dataset.image_size, seed=seed)
        return MultipleChoiceTask(accelerator, encoder, dataset, config.training)
    encoder = load_encoder(config.model, image_size=config.box.input_size, seed=seed)
    return BoxRegressionTask(
        accelerator,
        encoder,
        dataset,
        config.predictor,
        config.training,
        config.box,
        num_workers=workers_of(config.num_workers, accelerator),
    )


def report(config: FinetuneConfig, best: float) -> None:
    """Print the best accuracy, and upload the model if requested."""
    split = f"the {config.overfit} expressions it was trained on" if config.overfit else "val"
    print(f"best accuracy on {split}: {best:.4f}; model saved to {config.output / 'best'}")
    if config.overfit:
        hint = "more --epochs or another --learning-rate may help"
        print("learning works" if best >= LEARNED else f"not learned yet; {hint}")
    if config.push_to_hub is not None:
        print(f"uploaded to {push(config.output / 'best', config.push_to_hub)}")


def decisive(config: FinetuneConfig) -> dict[str, object]:
    """Return the options that determine the weights of a run, by the names of their fields."""
    ignored = indecisive(FinetuneConfig)
    # Options that do not apply are left out, so that runs before them can be resumed.
    if config.predictor:
        ignored |= option_types(LossOptions).keys()
        ignored |= option_types(ExampleOptions).keys() - {"batching"}
    else:
        ignored |= option_types(BoxOptions).keys() | {"predictor"}
    if not config.overfit:
        ignored |= {"overfit"}
    settings = {name: each for name, each in flat(config).items() if flag_name(name) not in ignored}
    # Wherever the cache is, a run with it equals one without it only up to rounding.
    return settings if config.box.features is None else settings | {"features": "cached"}
