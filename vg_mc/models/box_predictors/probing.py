"""Shapes of the features of an encoder, from a forward pass of a black image and a short text.

On the device ``meta`` this computes shapes only, so that large heads can be counted.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vg_mc.models.similarity import in_evaluation_mode
from vg_mc.models.tokens import ClipTokens, ImageTokens

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder

TEXTS = ["a dog"]


def black_image(encoder: "Encoder") -> Tensor:
    """Return a black image (1, 3, S, S) of the encoder's size."""
    side = encoder.image_size
    return torch.zeros(1, 3, side, side, dtype=torch.uint8)


@torch.no_grad()
def pooled_width(encoder: "Encoder") -> int:
    """Return the dimension of pooled features."""
    with in_evaluation_mode(encoder):
        return encoder.encode_texts(encoder.tokenize(TEXTS)).shape[1]


@torch.no_grad()
def text_token_width(encoder: "Encoder") -> int:
    """Return the dimension of projected text tokens."""
    with in_evaluation_mode(encoder):
        return ClipTokens(encoder).text_tokens(encoder.tokenize(TEXTS))[0].shape[2]


@torch.no_grad()
def sample_tokens(encoder: "Encoder", layers: Sequence[int]) -> list[ImageTokens]:
    """Return the image tokens of a black image in each of `layers`."""
    with in_evaluation_mode(encoder):
        return ClipTokens(encoder).image_tokens(black_image(encoder), layers)


def context_length(encoder: "Encoder") -> int:
    """Return the largest number of tokens of a text."""
    from vg_mc.models.openclip import OpenClipEncoder

    if isinstance(encoder, OpenClipEncoder):
        return int(encoder.model.context_length)
    return int(encoder.maximal_tokens)
