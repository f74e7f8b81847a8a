"""Dual encoders of transformers: CLIP, SigLIP, SigLIP 2, VisionTextDualEncoderModel and others.

Tokenizer and preprocessing are those of the model: channel statistics and padding rules differ
between model families.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL.Image import Resampling
from torch import Tensor, nn

from vg_mc.models.dual_encoder import TokenBatch, check_token_ids, possibly_truncated
from vg_mc.models.preprocessing import PictureNormalizer
from vg_mc.models.similarity import similarity_logits, unit_vectors


@dataclass(frozen=True, slots=True)
class Family:
    """How a family of models reads texts.

    Attributes:
        reads_padding: Trained without an attention mask on texts padded to the full length, and
            pools at the last position.
        needs_mask: Attends to all tokens that are not masked. Models that pool at the end token
            behind a causal mask do not need one, and its values cost a synchronisation with the
            GPU.
        has_own_positions: The position embeddings were trained with the model, so a text may fill
            all of them, even if its tokenizer names a smaller length. Otherwise they are those of a
            language model, and the tokenizer names the length that was used.
    """

    reads_padding: bool = False
    needs_mask: bool = True
    has_own_positions: bool = True


LANGUAGE_MODEL = Family(has_own_positions=False)
# By model_type. Tests compare each with its library; others may differ from it without an error.
FAMILIES = {
    "altclip": LANGUAGE_MODEL,
    "blip": LANGUAGE_MODEL,
    "chinese_clip": LANGUAGE_MODEL,
    "clip": Family(needs_mask=False),
    "clipseg": Family(),
    "groupvit": Family(),
    "metaclip_2": Family(),
    "owlv2": Family(),
    "owlvit": Family(),
    "siglip": Family(reads_padding=True, needs_mask=False),
    "vision-text-dual-encoder": LANGUAGE_MODEL,
}


class HuggingFaceEncoder(nn.Module):
    """Adapter for any model of transformers with image features, text features and a logit scale.

    Args:
        model: The dual encoder.
        tokenizer: Its tokenizer.
        image_processor: Its preprocessing, which defines the channel statistics.
        name: Name of the model in result tables.
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401  # PreTrainedModel lacks image and text features
        tokenizer: Any,  # noqa: ANN401
        image_processor: Any,  # noqa: ANN401
        name: str,
    ) -> None:
        super().__init__()
        self.name = name
        self.model = model
        self.tokenizer = tokenizer
        self.image_processor = image_processor
        self.image_size: int = model.config.vision_config.image_size
        self.normalize = _normalizer(image_processor, self.image_size)
        family = FAMILIES[model.config.model_type]
        self.reads_padding, self.needs_mask = family.reads_padding, family.needs_mask
        self.maximal_tokens = _position_count(model)
        if not family.has_own_positions:
            self.maximal_tokens = min(tokenizer.model_max_length, self.maximal_tokens)
        tokenizer.model_max_length = self.maximal_tokens
        if not self.reads_padding:
            # Padding before a text would shift its positions and its pooled token.
            tokenizer.padding_side = "right"

    def tokenize(self, texts: list[str]) -> TokenBatch:
        """Tokenize texts on the CPU; longer texts are truncated, keeping the end token."""
        encoded = self.tokenizer(
            texts,
            padding="max_length" if self.reads_padding else "longest",
            truncation=True,
            max_length=self.maximal_tokens,
            return_attention_mask=True,
            return_tensors="pt",
        )
        token_ids, mask = encoded["input_ids"], encoded["attention_mask"]
        vocabulary = _embedding(self.model, ("token_embedding", "word_embeddings"))
        check_token_ids(token_ids, vocabulary, self.name)
        return TokenBatch(token_ids, torch.ones_like(mask) if self.reads_padding else mask)

    def truncated(self, texts: Sequence[str]) -> int:
        """Return the number of texts that `tokenize` truncates."""
        long = possibly_truncated(texts, self.maximal_tokens)
        token_ids = self.tokenizer(long, verbose=False)["input_ids"] if long else []
        return sum(len(one) > self.maximal_tokens for one in token_ids)

    def encode_images(
        self,
        pictures: Tensor,  # (N, 3, H, W) uint8
    ) -> Tensor:
        """Encode images of the model's size as unit vectors (N, D), float32."""
        return unit_vectors(self.embed_images(pictures))

    def embed_images(self, pictures: Tensor) -> Tensor:
        """Return the features (N, D) of `encode_images` before normalisation."""
        pixels = self.normalize(pictures).to(self.model.dtype)
        return self.model.get_image_features(pixel_values=pixels).pooler_output  # type: ignore[no-any-return]

    def encode_texts(self, tokens: TokenBatch) -> Tensor:
        """Encode tokens as unit vectors (B, D), float32."""
        return unit_vectors(self.embed_texts(tokens))

    def embed_texts(self, tokens: TokenBatch) -> Tensor:
        """Return the features (B, D) of `encode_texts` before normalisation."""
        device = self.model.device
        mask = tokens.attention_mask.to(device, non_blocking=True) if self.needs_mask else None
        features = self.model.get_text_features(
            input_ids=tokens.token_ids.to(device, non_blocking=True), attention_mask=mask
        )
        return features.pooler_output  # type: ignore[no-any-return]

    def logits(self, image_features: Tensor, text_features: Tensor) -> Tensor:
        """Return scaled similarities (B, N) of texts (B, D) and images (N, D), float32."""
        bias = getattr(self.model, "logit_bias", None)
        scale = self.model.logit_scale
        return similarity_logits(image_features, text_features, scale, bias, clipped=self.training)

    def forward(self, pictures: Tensor, tokens: TokenBatch) -> Tensor:
        """Return the logits (B, N) of each text with each image."""
        return self.logits(self.encode_images(pictures), self.encode_texts(tokens))

    def settings(self) -> dict[str, Any]:
        """Return everything besides weights and inputs that the features depend on."""
        settings = without_folders(self.model.config.to_dict())
        return settings | {"highest_value": self.normalize.highest_value}

    def save(self, folder: Path) -> None:
        """Write a folder that AutoModel, AutoTokenizer and AutoImageProcessor load."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        _squashing(self.image_processor, self.image_size).save_pretrained(folder)


def _position_count(model: Any) -> int:  # noqa: ANN401
    """Return the number of tokens with a position embedding; RoBERTa numbers them after padding."""
    positions = _embedding(model, ("position_embedding", "position_embeddings"))
    if positions is None:
        return int(model.config.text_config.max_position_embeddings)
    padding = positions.padding_idx
    return positions.num_embeddings - (0 if padding is None else padding + 1)


def _embedding(
    model: Any,  # noqa: ANN401
    names: tuple[str, ...],
) -> nn.Embedding | None:
    """Return the embedding of the text tower with one of the names."""
    for name, module in model.text_model.named_modules():
        if name.split(".")[-1] in names and isinstance(module, nn.Embedding):
            return module
    return None


def _normalizer(image_processor: Any, image_size: int) -> PictureNormalizer:  # noqa: ANN401
    mean, std = image_processor.image_mean, image_processor.image_std
    if not image_processor.do_normalize:
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    factor = image_processor.rescale_factor if image_processor.do_rescale else 1
    return PictureNormalizer(image_size, mean, std, highest_value=1 / factor)


def without_folders(settings: dict[str, Any]) -> dict[str, Any]:
    """Remove the folders that a model and its parts were loaded from: copies are equal."""
    return {
        name: without_folders(value) if isinstance(value, dict) else value
        for name, value in settings.items()
        if name != "_name_or_path"
    }


def _squashing(image_processor: Any, image_size: int) -> Any:  # noqa: ANN401
    """Return a copy that resizes whole images, as for candidate images, instead of cropping."""
    squashing = deepcopy(image_processor)
    squashing.do_resize = True
    squashing.size = {"height": image_size, "width": image_size}
    squashing.resample = Resampling.BICUBIC
    if hasattr(squashing, "do_center_crop"):
        squashing.do_center_crop = False
    return squashing
