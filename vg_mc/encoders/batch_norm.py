"""Batch norm that keeps its statistics.

The candidates of one image are near copies of each other, so the statistics of such a batch are
those of one photo. A pretrained ResNet is fine-tuned with the statistics that it came with.
"""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def freeze_batch_norm(module: nn.Module) -> None:
    """Use and keep the running statistics of every batch norm in `module`, also in training mode.

    Its scale and shift are still learned. A model with a random start has no statistics worth
    keeping: leave it as it is.
    """
    for part in module.modules():
        if isinstance(part, _BatchNorm):
            part.register_forward_pre_hook(_to_evaluation_mode)


def statistics_of(module: nn.Module) -> list[str]:
    """Return the names of the statistics of all batch norms in `module`, counters included."""
    return [
        f"{path}.{name}"
        for path, part in module.named_modules()
        if isinstance(part, _BatchNorm)
        for name, _ in part.named_buffers()
    ]


def _to_evaluation_mode(module: nn.Module, _inputs: object) -> None:
    # A hook survives .train(), and a copy of the module takes it along.
    module.eval()
