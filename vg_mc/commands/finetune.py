"""``accelerate launch finetune.py``: a prepared dataset and a model in, a better model out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vg_mc.commands.accelerating import Precision, Tracker, start_accelerator, workers_of
from vg_mc.commands.claiming import claim
from vg_mc.commands.failing import plain_errors
from vg_mc.commands.pushing import push, require_login
from vg_mc.config import parse_config
from vg_mc.interruption import StoppedError

if TYPE_CHECKING:
    from vg_mc.training.history import History
    from vg_mc.training.settings import TrainingSettings


@dataclass(frozen=True)
class FinetuneConfig:
    """Fine-tune CLIP to choose among drawn candidates, by cross-entropy."""

    dataset: Path
    """Prepared dataset, with the splits train and val."""

    model: str
    """Hub id or folder of a transformers dual encoder, open_clip:NAME/TAG, or tiny-vit or
    tiny-resnet, which start at random."""

    output: Path
    """Folder of the run: config.json, metrics.jsonl, checkpoints/, best/."""

    batching: Literal["expression", "image"] = "expression"
    """What fills a batch: sentences, each with sampled candidates (the seed's way), or images, all
    of whose candidates answer all of their sentences."""

    candidates: int = 4
    """With batching by expression: the target and how many others make a question."""

    epochs: int = 5
    """Passes over the training split."""

    batch_size: int = 64
    """Expressions (images, with batching by image) per step, over all processes."""

    gradient_accumulation: int = 1
    """Parts in which each process computes its share of a batch."""

    picture_chunk: int = 0
    """Pictures that a process encodes at a time, 0 for all of its part: the same gradients from
    less memory, but each picture is encoded twice."""

    train: str = "all"
    """What is trained: all, image or text (a tower), last:K (the last K blocks of both towers and
    what follows them), projections, or logit-scale. The logit scale always is."""

    lora_rank: int = 0
    """Train adapters of this rank beside the linear layers of the blocks that --train names, in
    place of all weights but the logit scale; best/ has them added to its weights. 0 for none."""

    gradient_checkpointing: bool = False
    """Compute each block again in the backward pass: less memory, a third more time."""

    learning_rate: float = 8e-6
    """Highest learning rate; 8e-6 suits pretrained models."""

    weight_decay: float = 0.0
    """Weight decay of matrices, embeddings excluded."""

    layer_decay: float = 1.0
    """The learning rate of each block is that of the block after it times this number; 1 gives all
    the same."""

    adam_beta2: float = 0.999
    """Decay of Adam's mean of squared gradients; CLIP's transformers were trained with 0.98."""

    logit_scale: Literal["keep", "reset"] = "keep"
    """Start with the model's own logit scale, or as CLIP's training did, at 1 / 0.07."""

    warmup_ratio: float = 0.1
    """Share of the steps in which the learning rate rises; then it falls to zero."""

    max_gradient_norm: float = 1.0
    """Longer gradients are scaled down to this length."""

    ema: float = 0.0
    """Decay of a moving average of the weights, such as 0.999, which is validated and kept in place
    of the last ones; 0 for none."""

    batch_norm: Literal["frozen", "trained"] = "frozen"
    """Whether batch norms keep the statistics that they came with; train those of a random
    start. Trained ones see one process' part of a batch at a time."""

    mixed_precision: Precision = "no"
    """Arithmetic of the forward pass."""

    evaluation_batch_size: int = 256
    """Pictures per forward pass in validation."""

    checkpoint_steps: int = 500
    """Steps between checkpoints; there is one after each epoch, too."""

    keep: int = 2
    """Checkpoints that are kept, the newest ones."""

    resume: Literal["auto", "never"] = "auto"
    """Go on from the newest undamaged checkpoint of a run with the same settings, or refuse a used
    output."""

    log_with: Tracker | None = None
    """Also tell a tracker, which must be installed: tensorboard writes to <output>/trackers; wandb
    and trackio may use the network. metrics.jsonl is always written."""

    dry_run: bool = False
    """Say what the run would take (parameters, steps, pictures, memory, disk), write nothing."""

    num_workers: int | None = None
    """Processes that decode pictures, per training process; by default 1, with a GPU as many as
    it takes to feed it."""

    max_candidates: int | None = None
    """With batching by image: most candidates of an image, all its targets and others drawn anew
    each epoch; all by default."""

    targets: Literal["hard", "iou"] = "hard"
    """What is the right answer: the best candidate, or each with an IoU above 0.5, by its IoU."""

    train_proposals: Literal["annotations", "detected", "both"] = "both"
    """Which of the candidates drawn for the training split are asked about."""

    flip: float = 0.0
    """Probability that an image is mirrored, with left and right swapped in its sentences."""

    color_jitter: float = 0.0
    """Brightness, contrast and saturation of an image, marker included, are changed by up to this
    share."""

    symmetric: float = 0.0
    """With batching by image: weight of a second loss, by which each target chooses among the
    sentences of its image."""

    label_smoothing: float = 0.0
    """Share of the right answer that is spread over all candidates of a question."""

    seed: int = 0
    """Seed of the random start, of batches and of sampled candidates."""

    push_to_hub: str | None = None
    """Upload best/ to this OWNER/NAME of Hugging Face's hub when the run ends; a new one is
    private."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(FinetuneConfig, argv))


def run(config: FinetuneConfig) -> None:
    """Train as `config` says, on every process that was launched."""
    from vg_mc.encoders.loading import load_encoder
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.reports.curves import write_learning_curves
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
