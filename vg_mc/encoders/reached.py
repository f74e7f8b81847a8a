"""Which weights of a dual encoder its logits depend on.

Not all do: DINOv2 brings a token for masked patches, which are never masked here. Such a weight
gets no gradient, and several processes, which exchange those of all, would wait for it or give up.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from vg_mc.encoders.loading import Encoder


def trial_logits(encoder: "Encoder") -> Tensor:
    """Return the logits (1, 1) of a short text and a black picture, in evaluation mode."""
    side, training = encoder.image_size, encoder.training
    encoder.eval()
    logits: Tensor = encoder(
        torch.zeros(1, 3, side, side, dtype=torch.uint8), encoder.tokenize(["a dog"])
    )
    encoder.train(training)
    return logits


def reached(encoder: "Encoder") -> set[str]:
    """Return the names of all weights that would get a gradient; those that are frozen do not."""
    found: set[object] = set()
    nodes = [trial_logits(encoder).grad_fn]
    while nodes:
        node = nodes.pop()
        if node is not None and node not in found:
            found.add(node)
            nodes += [each for each, _ in node.next_functions]
    weights = {id(node.variable) for node in found if hasattr(node, "variable")}
    return {name for name, value in encoder.named_parameters() if id(value) in weights}
