"""The holes that models must fit: pictures and texts in, or texts alone, and unit vectors out."""

from pathlib import Path
from typing import Any, NamedTuple, Protocol

from torch import Tensor


class TokenBatch(NamedTuple):
    """Tokenized texts, padded to the longest of them (to the model's length where it must be)."""

    token_ids: Tensor  # (B, T) int64
    attention_mask: Tensor  # (B, T) int64, 0 on padding


class TextEncoder(Protocol):
    """A model that makes vectors of texts, to be compared with each other or with pictures'.

    Implementations are ``torch.nn.Module`` as well.
    """

    def tokenize(self, texts: list[str]) -> TokenBatch:
        """Turn texts into token ids on the CPU; longer texts are cut, the end token kept."""

    def encode_texts(self, tokens: TokenBatch) -> Tensor:
        """Encode tokens as unit vectors (B, D)."""


class DualEncoder(TextEncoder, Protocol):
    """A model with a picture tower and a text tower that meet in a dot product.

    Implementations are ``torch.nn.Module`` as well, so that they can be trained; the two
    ``encode`` methods are ordinary differentiable methods.

    Attributes:
        image_size: Side of the square pictures that the model takes, in pixels.
        name: How result tables call the model.
    """

    image_size: int
    name: str

    def encode_images(self, pictures: Tensor) -> Tensor:
        """Encode uint8 pictures (N, 3, H, W) of the model's size as unit vectors (N, D).

        Scaling to [0, 1] and normalising happen here, on the model's device.
        """

    def logits(self, image_features: Tensor, text_features: Tensor) -> Tensor:
        """Scaled similarities (B, N) of texts (B, D) and pictures (N, D), the scale clamped."""

    def settings(self) -> dict[str, Any]:
        """Return what decides on features besides weights, pictures and token ids."""

    def save(self, folder: Path) -> None:
        """Write a folder that the model's own library loads, preprocessing included."""
