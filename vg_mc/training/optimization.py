"""AdamW with a linear warm-up and a linear decay, as clip-refcoco trains."""

import torch
from torch import nn


def learning_rate_factor(step: int, total_steps: int, warmup_ratio: float) -> float:
    """Return the share of the full learning rate in `step`, counted from 0.

    It rises over the first `warmup_ratio` of the steps, then falls towards zero after the last one.
    A function of the step alone, so that a resumed run needs no scheduler state.
    """
    warmup_steps = round(total_steps * warmup_ratio)
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    return (total_steps - step) / max(1, total_steps - warmup_steps)


def build_optimizer(
    model: nn.Module, *, learning_rate: float, weight_decay: float
) -> torch.optim.AdamW:
    """Build AdamW; only matrices decay.

    Biases, gains of norms and the logit scale are vectors or numbers, whatever a library calls
    them, so the shape tells them apart where lists of names miss some.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, fused=True)


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Use `learning_rate` in the next step."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
