"""What ``finetune.py`` may be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vg_mc.system.launch import Precision, Tracker


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
