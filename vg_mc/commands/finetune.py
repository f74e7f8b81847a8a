"""``accelerate launch finetune.py``: a prepared dataset and a model in, a better model out."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from vg_mc.commands.claiming import claim
from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.flags.finetune import FinetuneConfig
from vg_mc.system.hub import push, require_login
from vg_mc.system.launch import start_accelerator, workers_of
from vg_mc.system.signals import StoppedError

if TYPE_CHECKING:
    from vg_mc.training.journal import History
    from vg_mc.training.settings import TrainingSettings


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(FinetuneConfig, argv))


def run(config: FinetuneConfig) -> None:
    """Train as `config` says, on every process that was launched."""
    from vg_mc.models.loading import load_encoder
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.reports.plots import write_learning_curves
    from vg_mc.training.forecast import forecast
    from vg_mc.training.loop import Trainer

    settings = settings_of(config)
    accelerator = start_accelerator(
        config.mixed_precision, tracker=config.log_with, run=config.output
    )
    dataset = open_prepared(config.dataset)
    trainer = Trainer(
        accelerator,
        load_encoder(config.model, image_size=dataset.image_size, seed=config.seed),
        dataset,
        settings,
        config.output,
        num_workers=workers_of(config.num_workers, accelerator),
    )
    if config.dry_run:
        if accelerator.is_main_process:
            print(forecast(accelerator, trainer.encoder, trainer.questions))
        accelerator.end_training()
        return
    if config.push_to_hub is not None and accelerator.is_main_process:
        require_login(config.push_to_hub)
    # Last of all checks, so that a start that fails claims no folder. The first process decides
    # for all, and the others wait until what they read is complete.
    if accelerator.is_main_process:
        claim(config, dataset, accelerator)
        print(trainer.questions.summary)
    accelerator.wait_for_everyone()
    accelerator.init_trackers("vg_mc", {key: str(value) for key, value in asdict(config).items()})

    def draw_curves(history: "History") -> None:
        if accelerator.is_main_process:
            write_learning_curves(history.entries, config.output / "learning-curves.png")

    trainer.resume()
    try:
        history = trainer.fit(draw_curves)
    except StoppedError:  # in all processes alike
        accelerator.end_training()
        raise
    draw_curves(history)  # once more: an epoch is drawn after its checkpoint
    if accelerator.is_main_process:
        best = trainer.progress.best_accuracy
        print(f"best accuracy on val: {best:.4f}; the model is in {config.output / 'best'}")
        if config.push_to_hub is not None:
            print(f"uploaded to {push(config.output / 'best', config.push_to_hub)}")
    accelerator.end_training()


def settings_of(config: FinetuneConfig) -> "TrainingSettings":
    """Return the part of the flags that the training loop knows."""
    from vg_mc.training.settings import TrainingSettings

    return TrainingSettings(
        batching=config.batching,
        candidates=config.candidates,
        epochs=config.epochs,
        batch_size=config.batch_size,
        accumulation=config.gradient_accumulation,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        warmup_ratio=config.warmup_ratio,
        max_gradient_norm=config.max_gradient_norm,
        freeze_batch_norm=config.batch_norm == "frozen",
        evaluation_batch_size=config.evaluation_batch_size,
        checkpoint_steps=config.checkpoint_steps,
        seed=config.seed,
        max_candidates=config.max_candidates,
        targets=config.targets,
        train_proposals=config.train_proposals,
        flip=config.flip,
        color_jitter=config.color_jitter,
        symmetric=config.symmetric,
        label_smoothing=config.label_smoothing,
        train=config.train,
        layer_decay=config.layer_decay,
        adam_beta2=config.adam_beta2,
        logit_scale=config.logit_scale,
        ema=config.ema,
        lora_rank=config.lora_rank,
        gradient_checkpointing=config.gradient_checkpointing,
        keep=config.keep,
        picture_chunk=config.picture_chunk,
    )
