"""Selection of the trained weights of an encoder, LoRA adapters and gradient checkpointing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from vg_mc.system.options import AT_LEAST_0

if TYPE_CHECKING:
    from torch import nn

    from vg_mc.models.loading import Encoder


@dataclass(frozen=True, slots=True)
class ParameterOptions:
    """Trained weights, and how to save memory."""

    train: str = "all"
    """Trained weights: all, image or text (a tower), last:K (the last K blocks of both towers and
    what follows them), projections, logit-scale, or none with --predictor. The logit scale is
    always trained in multiple choice."""

    logit_scale: Literal["keep", "reset"] = "keep"
    """Keep the logit scale of the model, or reset it to 1 / 0.07 as in CLIP's training."""

    batch_norm: Literal["frozen", "trained"] = "frozen"
    """Whether batch norms keep their statistics; train those of a random start. Trained ones see
    one process' part of a batch at a time."""

    lora_rank: Annotated[int, AT_LEAST_0] = 0
    """Train adapters of this rank beside the linear layers of the blocks that --train names, in
    place of all weights but the logit scale; they are merged into the weights of best/. 0 for
    none."""

    picture_chunk: Annotated[int, AT_LEAST_0] = 0
    """Images that a process encodes at a time, 0 for all of its part: the same gradients from less
    memory, but each image is encoded twice."""

    gradient_checkpointing: bool = False
    """Compute each block again in the backward pass: less memory, a third more time."""

    @property
    def freezes_batch_norm(self) -> bool:
        """Whether batch norms keep their statistics."""
        return self.batch_norm == "frozen"


def make_trainable(encoder: "Encoder", options: ParameterOptions, seed: int) -> None:
    """Freeze all weights that are not trained, and add LoRA adapters if enabled."""
    from torch import nn

    from vg_mc.models.similarity import INITIAL_LOG_SCALE
    from vg_mc.models.trainable.adapters import add_adapters, recompute_blocks
    from vg_mc.models.trainable.freezing import freeze_batch_norm, train_only

    train_only(encoder, options.train)
    if options.freezes_batch_norm:
        freeze_batch_norm(encoder)
    if options.logit_scale == "reset":
        nn.init.constant_(encoder.model.logit_scale, INITIAL_LOG_SCALE)
    if options.lora_rank:
        add_adapters(encoder, options.lora_rank, seed)
    if options.gradient_checkpointing:
        recompute_blocks(encoder, learns_statistics=not options.freezes_batch_norm)


def share_buffers(model: "nn.Module") -> None:
    """Broadcast batch norm statistics from the main process, which saves the model."""
    from accelerate.utils import broadcast

    for buffer in model.buffers():
        broadcast(buffer)
