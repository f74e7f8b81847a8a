"""AdamW with a linear warm-up and a linear decay, as clip-refcoco trains."""

import re
from collections.abc import Mapping

import torch
from torch import nn

# Matrices in shape alone: rows of them are looked up or added, and nothing is multiplied by them.
_TABLE = re.compile(r"embed|pos|token|cls|probe|latent|query")


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
    model: nn.Module,
    *,
    learning_rate: float,
    weight_decay: float,
    beta2: float = 0.999,
    shares: Mapping[str, float] | None = None,
) -> torch.optim.AdamW:
    """Build AdamW for the weights that have gradients.

    Fused, on every device: only a fused update can be masked on the device.

    Args:
        model: What is trained.
        learning_rate: Until `set_learning_rate` says otherwise.
        weight_decay: Of matrices, see `decaying`.
        beta2: Decay of the running mean of squared gradients.
        shares: Part of the learning rate that each parameter gets, by its name; all of it, if None.
    """
    matrices = decaying(model)
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            share = 1.0 if shares is None else shares[name]
            groups.setdefault((share, name in matrices), []).append(parameter)
    described = [
        {
            "params": groups[share, decays],
            "weight_decay": weight_decay if decays else 0.0,
            "share": share,
            "lr": learning_rate * share,
        }
        for share, decays in sorted(groups, reverse=True)
    ]
    return torch.optim.AdamW(described, betas=(0.9, beta2), fused=True)


def decaying(model: nn.Module) -> set[str]:
    """Return the names of all weights that decay: those that inputs are multiplied by.

    Biases, gains of norms and the logit scale are vectors or numbers, whatever a library calls
    them, so the shape tells them apart where lists of names miss some. Embeddings have the shape of
    matrices; decay would shrink the words and places that a dataset does not show.
    """
    return {
        f"{path}.{name}" if path else name
        for path, module in model.named_modules()
        if not isinstance(module, nn.Embedding | nn.LayerNorm)
        for name, parameter in module.named_parameters(recurse=False)
        if parameter.ndim >= 2 and not _TABLE.search(name)
    }


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Use `learning_rate` in the next step, each group its share of it."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate * group["share"]
