"""Evaluation in the baseline: one expression per batch, with all its candidates encoded again."""

import io
from collections.abc import Callable
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2 import Compose, Normalize, ToDtype, ToImage

Transform = Callable[[Image.Image], Tensor]


def to_pixels(model: Any) -> Transform:  # noqa: ANN401  # open_clip publishes no types
    """Return the transform from an image of the right size to the input of `model`."""
    colours = model.visual.preprocess_cfg
    normalize = Normalize(colours["mean"], colours["std"])
    transform: Transform = Compose([ToImage(), ToDtype(torch.float32, scale=True), normalize])
    return transform


def decode(pictures: list[bytes], transform: Transform) -> Tensor:
    """Decode images into one float tensor (N, 3, H, W)."""
    return torch.stack(
        [transform(Image.open(io.BytesIO(file)).convert("RGB")) for file in pictures]
    )


@torch.inference_mode()
def answer(
    model: Any,  # noqa: ANN401
    tokenizer: Callable[[list[str]], Tensor],
    text: str,
    pictures: list[bytes],
) -> Tensor:
    """Return the logits (N,) of one expression, padded to the maximum length of the model."""
    images = model.encode_image(decode(pictures, to_pixels(model)))
    texts = model.encode_text(tokenizer([text]))
    similarities = F.normalize(texts, dim=-1) @ F.normalize(images, dim=-1).T
    logits: Tensor = (model.logit_scale.exp() * similarities)[0]
    return logits
