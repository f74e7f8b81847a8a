"""Utilisation of a training step: its floating-point operations relative to a matrix product.

The operations of a step are those of its matrix products, convolutions and attention, forward and
backward, as counted by PyTorch on meta tensors. The reference rate is measured with one large
matrix product, since nominal rates are not reached in practice.
"""

from copy import deepcopy
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from vg_mc.models.dual_encoder import DualEncoder, TokenBatch

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder

PRODUCTS = {"cpu": 1, "cuda": 20}  # timed together
REPEATS = 5


class StepSize(NamedTuple):
    """Numbers of images and texts that a model encodes in one step."""

    pictures: int
    texts: int
    tokens: int  # per text, including padding


def matrix_rate(device: torch.device, dtype: torch.dtype, side: int) -> float:
    """Return the floating-point operations per second of a matrix product, the best of several."""
    products = PRODUCTS[device.type]
    one = torch.randn(side, side, device=device).to(dtype)
    other = torch.randn(side, side, device=device).to(dtype)
    seconds = []
    for _ in range(REPEATS):
        synchronize(device)
        start = perf_counter()
        for _ in range(products):
            one @ other
        synchronize(device)
        seconds.append(perf_counter() - start)
    return products * 2 * side**3 / min(seconds)


def synchronize(device: torch.device) -> None:
    """Wait until a GPU has finished all operations."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def without_content(encoder: "Encoder") -> "Encoder":
    """Return a copy on the meta device, which computes shapes only."""
    shapes = deepcopy(encoder).to("meta")
    return shapes.train()


def operations(
    shapes: DualEncoder,  # without content
    size: StepSize,
) -> int:
    """Count the floating-point operations of a step, forward and backward."""
    side = shapes.image_size
    pictures = torch.empty(size.pictures, 3, side, side, dtype=torch.uint8, device="meta")
    tokens = torch.zeros(size.texts, size.tokens, dtype=torch.int64, device="meta")
    assert isinstance(shapes, nn.Module)
    with FlopCounterMode(display=False) as counter:
        images = shapes.encode_images(pictures)
        texts = shapes.encode_texts(TokenBatch(tokens, torch.ones_like(tokens)))
        (texts @ images.T).sum().backward()  # type: ignore[no-untyped-call]
    return int(counter.get_total_flops())
