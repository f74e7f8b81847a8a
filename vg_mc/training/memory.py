"""What to do when memory runs out: the size of what was tried, and which flags make it smaller."""

from collections.abc import Sequence

import torch

from vg_mc.faults import BadInputError
from vg_mc.training.settings import TrainingSettings


def explain_shortage(
    error: Exception,
    pictures: Sequence[int],  # shape (N, 3, H, W) of those of the part of a step that was tried
    settings: TrainingSettings,
) -> None:
    """Say what to lower if `error` means that there is no more memory.

    Raises:
        BadInputError: If it does; else nothing happens.
    """
    if is_out_of_memory(error):
        problem = f"{shortage(pictures, settings)} ({_first_line(error)})"
        raise BadInputError(problem) from error


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether memory ran out, of a GPU or of the machine."""
    # On the CPU, PyTorch has no class of its own for it.
    on_cpu = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    return on_cpu or isinstance(error, torch.OutOfMemoryError | MemoryError)


def shortage(pictures: Sequence[int], settings: TrainingSettings) -> str:
    """Say how large a part of a step is, and what makes it smaller."""
    count, _, height, width = pictures
    flags = [f"a lower --batch-size (is {settings.batch_size})"]
    flags.append(f"a higher --gradient-accumulation (is {settings.accumulation})")
    if settings.batching == "expression":
        flags.append(f"fewer --candidates (are {settings.candidates})")
    else:
        flags.append(f"fewer --max-candidates (are {settings.max_candidates or 'all'})")
    if settings.freeze_batch_norm:
        chunk = settings.picture_chunk
        flags.append(f"a lower --picture-chunk (is {chunk})" if chunk else "--picture-chunk 16")
    if not settings.gradient_checkpointing:
        flags.append("--gradient-checkpointing")
    flags.append("--mixed-precision bf16")
    return (
        f"out of memory with {count} pictures of {width}x{height} pixels in one of the "
        f"{settings.accumulation} parts of a step; any of these helps: {', '.join(flags)}"
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
