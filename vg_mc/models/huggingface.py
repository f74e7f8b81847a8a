"""Dual encoders of transformers: CLIP, SigLIP, SigLIP 2, VisionTextDualEncoderModel.

Tokenizer and preprocessing are those of the model: channel statistics and padding rules differ
between model families.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from PIL.Image import Resampling
from torch import Tensor, nn
from transformers import (
    AutoImageProcessor,
    AutoModel,
    AutoTokenizer,
    GemmaTokenizer,
    Siglip2Tokenizer,
)

from vg_mc.errors import BadInputError
from vg_mc.models.dual_encoder import TokenBatch
from vg_mc.models.preprocessing import PictureNormalizer
from vg_mc.models.similarity import similarity_logits, unit_vectors
from vg_mc.system.hub import check_complete


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
        # SigLIP was trained without an attention mask and pools at the last position.
        self.reads_padding = model.config.model_type in ("siglip", "siglip2")
        # CLIP pools at the end token behind a causal mask, so padding has no effect. A mask would
        # cost a synchronisation with the GPU, because the library inspects its values.
        is_causal = model.config.model_type == "clip" and tokenizer.padding_side == "right"
        self.needs_mask = not (self.reads_padding or is_causal)
        self.maximal_tokens = min(
            tokenizer.model_max_length, model.config.text_config.max_position_embeddings
        )

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
        return TokenBatch(token_ids, torch.ones_like(mask) if self.reads_padding else mask)

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
        return similarity_logits(image_features, text_features, self.model.logit_scale, bias)

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


def open_huggingface(name: str) -> HuggingFaceEncoder:
    """Load a local folder or a model of the hub (of its cache when offline)."""
    local = Path(name).is_dir()
    try:
        # Half-precision checkpoints are trained in float32; autocast selects the compute precision.
        model, report = AutoModel.from_pretrained(
            name,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=local,
            output_loading_info=True,
        )
        tokenizer = _open_tokenizer(name, model.config.model_type, local=local)
        # Candidate images are resized by Pillow, so the saved processor must do the same.
        image_processor = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            name, backend="pil", local_files_only=local
        )
    except (OSError, ValueError, ImportError) as error:  # a tokenizer may need another package
        where = "in the local folder" if local else "not a local folder, so looked up on the hub"
        problem = "expected a dual encoder: safetensors weights, tokenizer, image processor"
        raise BadInputError(f"{problem} ({where}): {error}", file=name) from error
    _check_dual_encoder(model, name)
    check_complete(report["missing_keys"], name)
    return HuggingFaceEncoder(model, tokenizer, image_processor, name)


def _open_tokenizer(name: str, model_type: str, *, local: bool) -> Any:  # noqa: ANN401
    tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=local)
    # SigLIP 2 was trained on lower case (https://arxiv.org/abs/2502.14786, section 2.1), but its
    # published folders name Gemma's tokenizer, which is case-sensitive. Siglip2Tokenizer has the
    # same vocabulary, and saving it also fixes the folder for other users.
    if model_type == "siglip" and isinstance(tokenizer, GemmaTokenizer):
        return Siglip2Tokenizer.from_pretrained(name, local_files_only=local)
    return tokenizer


def _check_dual_encoder(model: nn.Module, name: str) -> None:
    parts = ("get_image_features", "get_text_features", "logit_scale")
    missing = [part for part in parts if not hasattr(model, part)]
    if missing:
        problem = "expected a dual encoder such as CLIPModel or SiglipModel"
        kind = type(model).__name__
        raise BadInputError(f"{problem}; {kind} lacks {', '.join(missing)}", file=name)
    if not hasattr(model.config.vision_config, "image_size"):  # type: ignore[union-attr]
        problem = "expected a fixed square input, such as that of the fixed-resolution SigLIP 2"
        kind = type(model).__name__
        raise BadInputError(f"{problem}; {kind} has variable image sizes", file=name)


def _normalizer(image_processor: Any, image_size: int) -> PictureNormalizer:  # noqa: ANN401
    return PictureNormalizer(
        image_size,
        image_processor.image_mean,
        image_processor.image_std,
        highest_value=1 / image_processor.rescale_factor,
    )


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
