"""Protocols of the models: images and texts in, or texts only, and unit vectors out."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from vg_mc.errors import BadInputError


class TokenBatch(NamedTuple):
    """Tokenized texts, padded to the longest of them or to the length that the model requires."""

    token_ids: Tensor  # (B, T) int64
    attention_mask: Tensor  # (B, T) int64, 0 on padding


class TextEncoder(Protocol):
    """A model that embeds texts, for comparison with other texts or with images.

    Implementations are also ``torch.nn.Module``.
    """

    def tokenize(self, texts: list[str]) -> TokenBatch:
        """Tokenize texts on the CPU; longer texts are truncated, keeping the end token."""

    def encode_texts(self, tokens: TokenBatch) -> Tensor:
        """Encode tokens as unit vectors (B, D)."""


class DualEncoder(TextEncoder, Protocol):
    """A model with an image tower and a text tower, compared by the dot product.

    Implementations are also ``torch.nn.Module``, and both ``encode`` methods are differentiable.

    Attributes:
        image_size: Side of the square input images, in pixels.
        name: Name of the model in result tables.
        maximal_tokens: Number of tokens of a text that the model reads, special tokens included.
    """

    image_size: int
    name: str
    maximal_tokens: int

    def truncated(self, texts: Sequence[str]) -> int:
        """Return the number of texts that `tokenize` truncates."""

    def encode_images(self, pictures: Tensor) -> Tensor:
        """Encode uint8 images (N, 3, H, W) of the model's size as unit vectors (N, D).

        Rescaling and normalisation happen here, on the model's device.
        """

    def logits(self, image_features: Tensor, text_features: Tensor) -> Tensor:
        """Return scaled similarities (B, N) of texts (B, D) and images (N, D)."""

    def settings(self) -> dict[str, Any]:
        """Return everything besides weights and inputs that the features depend on."""

    def save(self, folder: Path) -> None:
        """Write a folder that the model's library loads, including preprocessing."""


SPECIAL_TOKENS = 4  # at most, of a text; SentencePiece also puts a space before it


def possibly_truncated(texts: Sequence[str], maximal_tokens: int) -> list[str]:
    """Return the texts that may have more tokens; an ASCII character is one token at most."""
    shortest = maximal_tokens - SPECIAL_TOKENS
    return [text for text in texts if len(text) > shortest or not text.isascii()]


def truncation_note(encoder: DualEncoder, texts: Sequence[str]) -> str:
    """Return how many expressions are truncated, as a message; empty if there are none."""
    count = encoder.truncated(texts)
    if not count:
        return ""
    limit = f"the {encoder.maximal_tokens} tokens that {encoder.name} reads"
    return f"{count:,} of {len(texts):,} expressions are longer than {limit}, and truncated"


def check_token_ids(
    token_ids: Tensor,  # (B, T)
    embeddings: nn.Embedding | None,  # of the text tower; None if unknown
    name: str,
) -> None:
    """Check that a text tower knows all tokens; on a GPU, others would stop the process.

    Raises:
        BadInputError: If a token has no embedding.
    """
    largest = int(token_ids.max()) if token_ids.numel() else 0
    if embeddings is not None and largest >= embeddings.num_embeddings:
        problem = (
            f"expected token ids below {embeddings.num_embeddings}, the size of the text tower's "
            f"vocabulary; its tokenizer gives {largest}: it belongs to another model"
        )
        raise BadInputError(problem, file=name)


def distinct_texts(
    texts: Sequence[str], tokenize: Callable[[list[str]], TokenBatch]
) -> tuple[TokenBatch, Tensor]:
    """Tokenize the distinct texts, and return them with the index of each text (B,)."""
    distinct = list(dict.fromkeys(texts))
    position = {text: index for index, text in enumerate(distinct)}
    return tokenize(distinct), torch.tensor([position[text] for text in texts])
