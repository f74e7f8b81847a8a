"""How the commands that run a model start Accelerate."""

import os
from typing import TYPE_CHECKING, Literal

from vg_mc.faults import BadInputError

if TYPE_CHECKING:
    from accelerate import Accelerator

Precision = Literal["no", "bf16", "fp16"]


def start_accelerator(mixed_precision: Precision) -> "Accelerator":
    """Join the processes that were launched, one alone included.

    Raises:
        BadInputError: If the device lacks the precision; Accelerate would quietly do without it.
    """
    from accelerate import Accelerator, PartialState

    # Sentences are short. Threads of the tokenizer would only fear the fork of a data loader.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if mixed_precision == "fp16" and PartialState().device.type == "cpu":
        problem = "fp16 needs a GPU, and there is none; bf16 works on the CPU, too"
        raise BadInputError(problem, record="--mixed-precision")
    return Accelerator(mixed_precision=mixed_precision)
