"""Estimates of the steps, memory and disk space of a run, and the message when memory runs out.

Weights, gradients and optimizer moments are counted. The memory of activations is measured with two
and with four images and extrapolated linearly to the largest part of a batch; likewise for texts.
The constant term covers tensors that are kept once, such as weights in half precision. Library
workspaces and memory that a GPU reserves are not included.

If memory runs out, the message gives the size of the part and the flags that reduce it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn

from vg_mc.errors import BadInputError
from vg_mc.models.trainable.parts import blocks_of
from vg_mc.prepared.dataset import Expressions
from vg_mc.system.disk_space import in_megabytes
from vg_mc.training.batching.batches import MicroBatch
from vg_mc.training.batching.sampling import choose
from vg_mc.training.options import ScheduleOptions, TrainingOptions

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder
    from vg_mc.training.batching.box_examples import BoxBatch

TRIED = (2, 4)  # images and texts; batch norm needs more than one
MOMENTS = 2  # of AdamW, per trained weight


@dataclass(frozen=True, slots=True)
class Tower:
    """Size of one encoder of the model.

    Attributes:
        parameters: Number of weights.
        trained: Number of trained weights.
        kept: Bytes of activations per image or text.
        kept_once: Bytes that do not depend on the number of images or texts.
    """

    parameters: int
    trained: int
    kept: float
    kept_once: float


def forecast(
    accelerator: Accelerator,
    encoder: "Encoder",
    expressions: Expressions,
    plan: Sequence[Sequence[MicroBatch]],  # of the first epoch
    options: TrainingOptions,
) -> str:
    """Describe the size of a multiple-choice run that trains `encoder`."""
    side = encoder.image_size
    picture = torch.zeros(1, 3, side, side, dtype=torch.uint8, device=accelerator.device)
    words = ["the man in red on the left"]
    with accelerator.autocast():
        blocks = blocks_of(encoder) if options.parameters.gradient_checkpointing else []
        image = _measure(
            encoder, lambda count: encoder.encode_images(picture.expand(count, -1, -1, -1)), blocks
        )
        text = _measure(
            encoder, lambda count: encoder.encode_texts(encoder.tokenize(words * count)), blocks
        )
    parts = [[_size(expressions, part.expressions, options) for part in step] for step in plan]
    steps = [sum(pictures for pictures, _ in step) for step in parts]
    largest = [max(column) for column in zip(*chain.from_iterable(parts), strict=True)]
    at_once = min(largest[0], options.parameters.picture_chunk or largest[0])
    kept = image.kept * at_once + text.kept * largest[1] + image.kept_once + text.kept_once
    return "\n".join(
        [
            f"image tower: {image.trained:,} of {image.parameters:,} parameters are trained",
            f"text tower: {text.trained:,} of {text.parameters:,} parameters are trained",
            f"steps: {len(plan):,} x {options.schedule.epochs} epochs",
            f"images per step: {np.mean(steps):,.1f} on average, {max(steps):,} at most",
            *_space(encoder, kept, f"{at_once:,} images and {largest[1]:,} texts", options),
        ]
    )


def box_forecast(
    accelerator: Accelerator,
    model: nn.Module,
    assemble: "Callable[[NDArray[np.int64], int], BoxBatch]",
    image_ids: NDArray[np.int64],
    plan: Sequence[Sequence[MicroBatch]],  # of the first epoch
    options: TrainingOptions,
) -> str:
    """Describe the size of a run that trains a box predictor.

    Args:
        accelerator: The processes and the precision.
        model: The box predictor.
        assemble: Returns the examples of expressions in an epoch.
        image_ids: The image of each expression.
        plan: The batches of the first epoch.
        options: Options of the run.
    """
    rows = [part.expressions for step in plan for part in step]
    largest = max(map(len, rows))
    images = [
        len(np.unique(image_ids[np.concatenate([part.expressions for part in step])]))
        for step in plan
    ]
    with accelerator.autocast():
        model.train()
        kept = [
            _kept(model, partial(model, assemble(np.arange(count), 0).inputs), ())
            for count in (min(count, len(image_ids)) for count in TRIED)
        ]
    each = (kept[1] - kept[0]) / (TRIED[1] - TRIED[0])
    total = kept[0] + each * (largest - TRIED[0])
    trained, weights = (
        sum(map(torch.numel, each)) for each in (_trained(model), model.parameters())
    )
    return "\n".join(
        [
            f"model: {trained:,} of {weights:,} parameters are trained",
            f"steps: {len(plan):,} x {options.schedule.epochs} epochs",
            f"images per step: {np.mean(images):,.1f} on average, {max(images):,} at most",
            *_space(model, total, f"{largest:,} expressions", options),
        ]
    )


def _space(model: nn.Module, kept: float, passed: str, options: TrainingOptions) -> list[str]:
    """Describe the memory and the disk space of a run.

    Args:
        model: The trained model.
        kept: Bytes that the largest forward pass keeps for the backward pass.
        passed: What this forward pass processes.
        options: Options of the run.
    """
    weights, trained = _bytes(model.parameters()), _bytes(_trained(model))
    average, named = (trained, " and an average") if options.optimization.ema else (0, "")
    state = weights + trained + MOMENTS * trained + average
    checkpoint = weights + MOMENTS * trained + average
    disk = (options.schedule.keep + 1) * checkpoint + 2 * weights
    return [
        (
            f"memory per process: {in_megabytes(state)} for weights, gradients, two moments"
            f"{named} + {in_megabytes(kept)} kept for the backward pass of {passed}"
            f" = {in_megabytes(state + kept)}, plus the workspace of libraries"
        ),
        (
            f"disk: {options.schedule.keep} checkpoints and a new one,"
            f" {in_megabytes(checkpoint)} each (weights, moments{named}), and the best model"
            f" twice while it is replaced = {in_megabytes(disk)}"
        ),
    ]


def _measure(
    encoder: nn.Module, encode: Callable[[int], Tensor], recomputed: Sequence[nn.Module] = ()
) -> Tower:
    """Measure the weights that `encode` uses and the memory that it needs."""
    encoder.train()
    few, many = (_kept(encoder, partial(encode, count), recomputed) for count in TRIED)
    kept = (many - few) / (TRIED[1] - TRIED[0])
    before = {parameter: parameter.requires_grad for parameter in encoder.parameters()}
    for parameter in before:  # frozen weights are assigned to a tower, too
        parameter.requires_grad_()
    gradients: tuple[Tensor | None, ...] = torch.autograd.grad(
        encode(TRIED[0]).sum(), list(before), allow_unused=True
    )
    for parameter, is_trained in before.items():
        parameter.requires_grad_(is_trained)
    used = [each for each, gradient in zip(before, gradients, strict=True) if gradient is not None]
    trained = sum(parameter.numel() for parameter in used if parameter.requires_grad)
    return Tower(sum(map(torch.numel, used)), trained, kept, few - TRIED[0] * kept)


def _kept(encoder: nn.Module, encode: Callable[[], Tensor], recomputed: Sequence[nn.Module]) -> int:
    """Return the bytes that a forward pass keeps for the backward pass, without weights.

    The inputs of `recomputed` modules are added, since saved tensor hooks do not see them.
    """
    own = {parameter.untyped_storage().data_ptr() for parameter in encoder.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    def keep_input(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        keep(inputs[0])

    hooks = [block.register_forward_pre_hook(keep_input) for block in recomputed]
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        features = encode()
    for hook in hooks:
        hook.remove()
    del features
    return sum(kept.values())


def _size(
    expressions: Expressions, rows: NDArray[np.int64], options: TrainingOptions
) -> tuple[int, int]:
    """Count the images and the texts of a part, in the first epoch."""
    chosen = choose(expressions, rows, options.examples, seed=options.schedule.seed, epoch=0)
    images = {int(number) for example in chosen for number in example.candidate_ids}
    return len(images), len({expressions.texts[row] for row in rows})


def _trained(encoder: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in encoder.parameters() if parameter.requires_grad]


def _bytes(parameters: Iterable[nn.Parameter]) -> int:
    return sum(parameter.nbytes for parameter in parameters)


def explain_shortage(
    error: Exception, tried: str, schedule: ScheduleOptions, cheaper: Sequence[str]
) -> None:
    """Raise an error with advice if `error` means that memory ran out.

    Args:
        error: Any error of a step.
        tried: Size of the part of a step that was tried.
        schedule: Options of the run.
        cheaper: Options of the task that need less memory.

    Raises:
        BadInputError: If memory ran out.
    """
    if is_out_of_memory(error):
        problem = f"{shortage(tried, schedule, cheaper)} ({_first_line(error)})"
        raise BadInputError(problem) from error


def is_out_of_memory(error: Exception) -> bool:
    """Return whether `error` means that the memory of the GPU or of the host ran out."""
    # PyTorch has no error class for this on the CPU.
    on_cpu = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    return on_cpu or isinstance(error, torch.OutOfMemoryError | MemoryError)


def shortage(tried: str, schedule: ScheduleOptions, cheaper: Sequence[str]) -> str:
    """Describe the size of a part of a step, and the flags that reduce it."""
    flags = [
        f"a lower --batch-size (is {schedule.batch_size})",
        f"a higher --gradient-accumulation (is {schedule.gradient_accumulation})",
        *cheaper,
        "--mixed-precision bf16",
    ]
    return (
        f"out of memory with {tried} in one of the {schedule.gradient_accumulation} parts of a "
        f"step; any of these reduces memory: {', '.join(flags)}"
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
