"""AdamW, its learning rate schedule, and an exponential moving average of the weights.

The learning rate has a linear warm-up and a linear decay, as in clip-refcoco, or a cosine decay.
The average, if used, is validated and saved in place of the last weights. Its decay is lower in the
first steps, so that the initial weights do not dominate in a short run.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import cos, pi
from typing import TYPE_CHECKING, Annotated, Literal

from vg_mc.system.options import ABOVE_0, AT_LEAST_0, BELOW_1, FRACTION, Range

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

# Matrices that are lookup tables or are added to inputs, and are not used in multiplications.
_TABLE = re.compile(r"embed|pos|token|cls|probe|latent|query")


Schedule = Literal["linear", "cosine"]


@dataclass(frozen=True, slots=True)
class OptimizationOptions:
    """AdamW and its learning rate."""

    learning_rate: Annotated[float, ABOVE_0] = 8e-6
    """Peak learning rate; 8e-6 suits pretrained models."""

    warmup_ratio: Annotated[float, FRACTION] = 0.1
    """Fraction of the steps in which the learning rate rises; then it falls to zero."""

    lr_schedule: Schedule = "linear"
    """How the learning rate falls: linear, or along half a cosine."""

    weight_decay: Annotated[float, AT_LEAST_0] = 0.0
    """Weight decay of matrices, embeddings excluded."""

    layer_decay: Annotated[float, Range(0, 1, above=True)] = 1.0
    """Factor between the learning rates of a block and of the block after it."""

    adam_beta2: Annotated[float, BELOW_1] = 0.999
    """Decay of Adam's mean of squared gradients; CLIP's transformers were trained with 0.98."""

    max_gradient_norm: Annotated[float, ABOVE_0] = 1.0
    """Longer gradients are scaled down to this length."""

    ema: Annotated[float, BELOW_1] = 0.0
    """Decay of a moving average of the weights, such as 0.999, which is validated and kept in place
    of the last weights; 0 for none."""


def learning_rate_factor(
    step: int, total_steps: int, warmup_ratio: float, schedule: Schedule = "linear"
) -> float:
    """Return the learning rate of `step`, counted from 0, relative to its peak.

    It rises over the first `warmup_ratio` of the steps and then falls to zero. It depends on the
    step only, so a resumed run needs no scheduler state.
    """
    warmup_steps = round(total_steps * warmup_ratio)
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    left = (total_steps - step) / max(1, total_steps - warmup_steps)
    return left if schedule == "linear" else (1 - cos(pi * left)) / 2


def learning_rate_at(step: int, total_steps: int, options: OptimizationOptions) -> float:
    """Return the learning rate of `step`, counted from 0."""
    factor = learning_rate_factor(step, total_steps, options.warmup_ratio, options.lr_schedule)
    return options.learning_rate * factor


def build_optimizer(
    model: "nn.Module", options: OptimizationOptions, lr_scales: Mapping[str, float]
) -> "torch.optim.AdamW":
    """Build AdamW for the weights of `model` that have gradients.

    The optimizer is fused on every device, because only a fused update can be masked on the device.
    Weight decay applies to the weights named by `decaying`.

    Args:
        model: The model to train.
        options: Options; `set_learning_rate` overwrites the learning rate in each step.
        lr_scales: Learning rate scale of each parameter, by name.
    """
    import torch

    matrices = decaying(model)
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            key = (lr_scales[name], name in matrices)
            groups.setdefault(key, []).append(parameter)
    described = [
        {
            "params": groups[scale, decays],
            "weight_decay": options.weight_decay if decays else 0.0,
            "lr_scale": scale,
            "lr": options.learning_rate * scale,
        }
        for scale, decays in sorted(groups, reverse=True)
    ]
    return torch.optim.AdamW(described, betas=(0.9, options.adam_beta2), fused=True)


def decaying(model: "nn.Module") -> set[str]:
    """Return the names of the weights with weight decay: matrices, without embeddings.

    Biases, gains of norms and the logit scale are excluded by their shape, which does not depend on
    the naming of a library. Embeddings are excluded because weight decay would shrink those of
    words and positions that do not occur in the dataset.
    """
    from torch import nn

    return {
        f"{path}.{name}" if path else name
        for path, module in model.named_modules()
        if not isinstance(module, nn.Embedding | nn.LayerNorm)
        for name, parameter in module.named_parameters(recurse=False)
        if parameter.ndim >= 2 and not _TABLE.search(name)
    }


def set_learning_rate(optimizer: "torch.optim.Optimizer", learning_rate: float) -> None:
    """Set the learning rate of each group to `learning_rate` times its scale."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate * group["lr_scale"]


def decay_of(decay: float, step: int) -> float:
    """Return the decay of the moving average in `step`, counted from 0.

    It depends on the step only, so a resumed run needs no state but the average.
    """
    return min(decay, (1 + step) / (10 + step))


class WeightAverage:
    """Exponential moving average of the trained weights and of learned statistics.

    Attributes:
        averages: Averages by the name of the parameter or buffer.
    """

    def __init__(self, model: "nn.Module", statistics: Iterable[str], decay: float) -> None:
        """Start from the weights of `model`, on its device.

        Args:
            model: The model to average; it is not changed.
            statistics: Names of the buffers that training changes.
            decay: Decay per step after the first steps.
        """
        self.decay = decay
        named = model.named_parameters()
        values = {name: value.detach() for name, value in named if value.requires_grad}
        values |= {name: model.get_buffer(name) for name in statistics}
        # Batch norm counters are integers and are not averaged.
        self._values = {name: value for name, value in values.items() if value.is_floating_point()}
        self.averages = {name: value.clone() for name, value in self._values.items()}

    def add(self, step: int, is_finite: "Tensor") -> None:
        """Update the averages after `step`, counted from 0, if `is_finite`."""
        way = (1 - decay_of(self.decay, step)) * is_finite.float()
        for name, average in self.averages.items():
            average.lerp_(self._values[name], way.to(average.dtype))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Replace the weights of the model by the averages within the block."""
        own = {name: value.clone() for name, value in self._values.items()}
        self._write(self.averages)
        try:
            yield
        finally:
            self._write(own)

    def state_dict(self) -> dict[str, "Tensor"]:
        """Return the averages by name."""
        return self.averages

    def load_state_dict(self, state: Mapping[str, "Tensor"]) -> None:
        """Load the averages of a checkpoint."""
        for name, average in self.averages.items():
            average.copy_(state[name])

    def _write(self, values: Mapping[str, "Tensor"]) -> None:
        for name, value in self._values.items():
            value.copy_(values[name])
