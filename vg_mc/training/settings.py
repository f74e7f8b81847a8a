"""What a training run is asked to do."""

import math
from dataclasses import dataclass
from typing import Literal

from vg_mc.errors import BadInputError
from vg_mc.models.trainable.freezing import check_choice
from vg_mc.training.batching import Asking, Batching, Proposals, Targets

LogitScale = Literal["keep", "reset"]


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Everything that decides on the weights of a run, besides the data and the start.

    Attributes:
        candidates: With batching by expression, the target and how many others make a question.
        batch_size: Expressions, or images with batching by image, per optimizer step, counted over
            all processes.
        accumulation: Parts in which each process computes its share of a batch.
        warmup_ratio: Share of all steps in which the learning rate rises from zero.
        max_gradient_norm: Longer gradients are scaled down to it.
        freeze_batch_norm: Keep the statistics that the model came with. If not, each part of a
            batch is normalised by itself, and the number of parts has a say in the result.
        checkpoint_steps: Steps between checkpoints; there is always one at the end of an epoch.
        max_candidates: With batching by image, most candidates of an image, its targets first; None
            takes all.
        targets: Whether the best candidate is the right answer, or each right one by its IoU.
        train_proposals: Which candidates of the training split are asked about.
        flip: Probability that an image is mirrored, with left and right swapped in its sentences.
        color_jitter: Furthest that brightness, contrast and saturation may be from 1.
        symmetric: With batching by image, weight of the loss of boxes that choose among sentences.
        label_smoothing: Share of the right answer that is spread over all candidates.
        train: What has gradients, as `encoders.freezing.train_only` names it.
        layer_decay: Share of the learning rate of a block that the block before it gets.
        adam_beta2: Decay of Adam's mean of squared gradients.
        logit_scale: Whether to start from the model's own, or as CLIP did.
        ema: Decay of the moving average of weights that is validated and kept, 0 for none.
        lora_rank: Of the adapters that are trained in place of the weights, 0 for none.
        gradient_checkpointing: Compute blocks again in the backward pass, to keep less.
        keep: Checkpoints that are kept, the newest ones.
        picture_chunk: Pictures that are encoded at a time, 0 for all of a part of a step.
    """

    batching: Batching
    candidates: int
    epochs: int
    batch_size: int
    accumulation: int
    learning_rate: float
    weight_decay: float
    warmup_ratio: float
    max_gradient_norm: float
    freeze_batch_norm: bool
    evaluation_batch_size: int
    checkpoint_steps: int
    seed: int
    max_candidates: int | None = None
    targets: Targets = "hard"
    train_proposals: Proposals = "both"
    flip: float = 0.0
    color_jitter: float = 0.0
    symmetric: float = 0.0
    label_smoothing: float = 0.0
    train: str = "all"
    layer_decay: float = 1.0
    adam_beta2: float = 0.999
    logit_scale: LogitScale = "keep"
    ema: float = 0.0
    lora_rank: int = 0
    gradient_checkpointing: bool = False
    keep: int = 2
    picture_chunk: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with, naming the setting.

        Raises:
            BadInputError: A number is out of its range, or a choice is none.
        """
        check_choice(self.train)
        max_candidates = math.inf if self.max_candidates is None else self.max_candidates
        wanted = {
            "candidates": ("at least 2", self.candidates >= 2),
            "epochs": ("at least 1", self.epochs >= 1),
            "batch-size": ("at least 1", self.batch_size >= 1),
            "gradient-accumulation": ("at least 1", self.accumulation >= 1),
            "learning-rate": ("above 0", self.learning_rate > 0),
            "weight-decay": ("at least 0", self.weight_decay >= 0),
            "warmup-ratio": ("from 0 to 1", 0 <= self.warmup_ratio <= 1),
            "max-gradient-norm": ("above 0", self.max_gradient_norm > 0),
            "evaluation-batch-size": ("at least 1", self.evaluation_batch_size >= 1),
            "checkpoint-steps": ("at least 1", self.checkpoint_steps >= 1),
            "max-candidates": ("at least 2", max_candidates >= 2),
            "flip": ("from 0 to 1", 0 <= self.flip <= 1),
            "color-jitter": ("from 0 to 1", 0 <= self.color_jitter <= 1),
            "symmetric": ("at least 0", self.symmetric >= 0),
            "label-smoothing": ("from 0 to below 1", 0 <= self.label_smoothing < 1),
            "layer-decay": ("above 0, at most 1", 0 < self.layer_decay <= 1),
            "adam-beta2": ("from 0 to below 1", 0 <= self.adam_beta2 < 1),
            "ema": ("from 0 to below 1", 0 <= self.ema < 1),
            "lora-rank": ("at least 0", self.lora_rank >= 0),
            "keep": ("at least 1", self.keep >= 1),
            "picture-chunk": ("at least 0", self.picture_chunk >= 0),
            "seed": ("at least 0", self.seed >= 0),
        }
        for name, (expected, holds) in wanted.items():
            if not holds:
                raise BadInputError(f"expected a number {expected}", record=f"--{name}")
        if self.picture_chunk and not self.freeze_batch_norm:
            problem = "needs --batch-norm frozen: each chunk would be normalised by itself"
            raise BadInputError(problem, record="--picture-chunk")
        by_image = {"symmetric": self.symmetric, "max-candidates": self.max_candidates}
        for name, value in by_image.items():
            if value and self.batching != "image":
                raise BadInputError("needs --batching image", record=f"--{name}")

    @property
    def asking(self) -> Asking:
        """How questions are made."""
        return Asking(
            batching=self.batching,
            candidates=self.candidates,
            max_candidates=self.max_candidates,
            targets=self.targets,
            flip=self.flip,
            color_jitter=self.color_jitter,
            seed=self.seed,
        )
