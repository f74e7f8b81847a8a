"""Values that flags of several commands choose among."""

from typing import Literal

Precision = Literal["no", "bf16", "fp16"]
Tracker = Literal["tensorboard", "wandb", "trackio"]
