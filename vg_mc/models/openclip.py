"""Dual encoders of open_clip, including the CLIP ResNets, which transformers lacks."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from open_clip.hf_model import HFTextEncoder
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.func import functional_call

from vg_mc.errors import BadInputError
from vg_mc.models.dual_encoder import TokenBatch, check_token_ids, possibly_truncated
from vg_mc.models.preprocessing import PictureNormalizer
from vg_mc.models.similarity import similarity_logits, unit_vectors

CONFIG_FILE = "open_clip_config.json"
WEIGHTS_FILE = "open_clip_model.safetensors"

Tokenizer = Callable[..., Tensor]  # of texts, and optionally the number of tokens


class OpenClipEncoder(nn.Module):
    """Adapter for any model of open_clip.

    Args:
        model: A ``CLIP`` or ``CustomTextCLIP``.
        tokenizer: Its tokenizer.
        model_config: Configuration that the model was built from; open_clip does not store it.
        name: Name of the model in result tables.
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401  # open_clip publishes no types
        tokenizer: Tokenizer,
        model_config: dict[str, Any],
        name: str,
    ) -> None:
        super().__init__()
        self.name = name
        self.model = model
        self.tokenizer = tokenizer
        self.model_config = model_config
        self.maximal_tokens: int = tokenizer.context_length  # type: ignore[attr-defined]
        self.preprocessing: dict[str, Any] = model.visual.preprocess_cfg
        self.image_size = _side(model.visual.image_size, name)
        self.normalize = PictureNormalizer(
            self.image_size, self.preprocessing["mean"], self.preprocessing["std"]
        )

    def tokenize(self, texts: list[str]) -> TokenBatch:
        """Tokenize texts on the CPU; longer texts are truncated, keeping the end token.

        Padding is removed if the text tower ignores it; otherwise all tokens are attended to.
        """
        token_ids = self.tokenizer(texts)
        check_token_ids(token_ids, self._embeddings(), self.name)
        ends = _end_positions(self.model, token_ids)
        if ends is None:
            return TokenBatch(token_ids, torch.ones_like(token_ids))
        longest = int(ends.max()) + 1
        mask = torch.arange(longest) <= ends[:, None]
        return TokenBatch(token_ids[:, :longest], mask.long())

    def truncated(self, texts: Sequence[str]) -> int:
        """Return the number of texts that `tokenize` truncates: one more place adds a token."""
        long = possibly_truncated(texts, self.maximal_tokens)
        if not long:
            return 0
        padding = getattr(getattr(self.tokenizer, "tokenizer", None), "pad_token_id", None) or 0
        filled = self.tokenizer(long).ne(padding)
        full = filled[:, -2].nonzero().flatten().tolist()  # the last token may also be an end token
        if not full:
            return 0
        places = self.maximal_tokens + 1
        more = self.tokenizer([long[row] for row in full], context_length=places).ne(padding)
        return int((more.sum(dim=1) > filled[full].sum(dim=1)).sum())

    def _embeddings(self) -> Any:  # noqa: ANN401
        _, tower = _text_tower(self.model)
        if isinstance(tower, HFTextEncoder):
            return tower.transformer.get_input_embeddings()
        return tower.token_embedding

    def encode_images(
        self,
        pictures: Tensor,  # (N, 3, H, W) uint8
    ) -> Tensor:
        """Encode images of the model's size as unit vectors (N, D), float32."""
        return unit_vectors(self.embed_images(pictures))

    def embed_images(self, pictures: Tensor) -> Tensor:
        """Return the features (N, D) of `encode_images` before normalisation."""
        pixels = self.normalize(pictures).to(next(self.model.parameters()).dtype)
        return self.model.encode_image(pixels)  # type: ignore[no-any-return]

    def encode_texts(self, tokens: TokenBatch) -> Tensor:
        """Encode tokens as unit vectors (B, D), float32."""
        return unit_vectors(self.embed_texts(tokens))

    def embed_texts(self, tokens: TokenBatch) -> Tensor:
        """Return the features (B, D) of `encode_texts` before normalisation."""
        token_ids = tokens.token_ids.to(self.normalize.mean.device, non_blocking=True)
        shortened = _shortened_text_tower(self.model, token_ids.shape[1])
        if not shortened:
            return self.model.encode_text(token_ids)  # type: ignore[no-any-return]
        return functional_call(self.model, shortened, (None, token_ids))[1]  # type: ignore[no-any-return]

    def logits(self, image_features: Tensor, text_features: Tensor) -> Tensor:
        """Return scaled similarities (B, N) of texts (B, D) and images (N, D), float32."""
        scale, bias = self.model.logit_scale, self.model.logit_bias
        return similarity_logits(image_features, text_features, scale, bias, clipped=self.training)

    def forward(self, pictures: Tensor, tokens: TokenBatch) -> Tensor:
        """Return the logits (B, N) of each text with each image."""
        return self.logits(self.encode_images(pictures), self.encode_texts(tokens))

    def settings(self) -> dict[str, Any]:
        """Return everything besides weights and inputs that the features depend on."""
        return self.model_config | {"highest_value": self.normalize.highest_value}

    def save(self, folder: Path) -> None:
        """Write a folder that ``open_clip.create_model_and_transforms('local-dir:...')`` loads.

        open_clip's own writer fails for models with CLIP's original tokenizer.
        """
        folder.mkdir(parents=True, exist_ok=True)
        # Candidate images are resized whole; a crop would remove their edges.
        preprocessing = self.preprocessing | {"resize_mode": "squash", "interpolation": "bicubic"}
        settings = {"model_cfg": self.model_config, "preprocess_cfg": preprocessing}
        (folder / CONFIG_FILE).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
        weights = {name: value.contiguous() for name, value in self.model.state_dict().items()}
        save_file(weights, folder / WEIGHTS_FILE)
        if hasattr(self.tokenizer, "save_pretrained"):
            self.tokenizer.save_pretrained(folder)


def _side(image_size: Any, name: str) -> int:  # noqa: ANN401  # open_clip allows int or a pair
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    if height != width:
        problem = f"expected a model with square images, not {height} x {width}"
        raise BadInputError(problem, file=name)
    return int(height)


def _text_tower(model: nn.Module) -> tuple[str, Any]:
    """Return the prefix of the text tower's parameter names, and the module that holds them."""
    return ("text.", model.text) if hasattr(model, "text") else ("", model)


def _end_positions(
    model: nn.Module,
    token_ids: Tensor,  # (B, T)
) -> Tensor | None:
    """Return the position of each end token, (B,); None if the tower attends to tokens after it.

    With a causal mask the pooled token does not depend on the tokens after it. For a text tower of
    transformers, open_clip masks the padding itself.
    """
    _, tower = _text_tower(model)
    if isinstance(tower, HFTextEncoder):
        is_text = token_ids.ne(tower.config.pad_token_id)
        return (is_text * torch.arange(token_ids.shape[1])).argmax(dim=1)
    if getattr(tower, "attn_mask", None) is None or getattr(tower, "cls_emb", None) is not None:
        return None
    pooling = getattr(tower, "text_pool_type", None) or getattr(tower, "pool_type", None)
    if pooling == "argmax":
        return token_ids.argmax(dim=1)
    if pooling == "eos":
        end_id = getattr(tower, "text_eos_id", None) or tower.eos_id
        return token_ids.eq(end_id).int().argmax(dim=1)
    return None


def _shortened_text_tower(model: nn.Module, tokens: int) -> dict[str, Tensor]:
    """Return the text tower's tensors of context length, cut to `tokens`.

    open_clip always adds all position embeddings, so it requires texts of full length. Replacing
    these tensors allows shorter texts without changing its code.
    """
    prefix, tower = _text_tower(model)
    if isinstance(tower, HFTextEncoder) or tokens == getattr(tower, "context_length", tokens):
        return {}
    return {
        f"{prefix}positional_embedding": tower.positional_embedding[:tokens],
        f"{prefix}attn_mask": tower.attn_mask[:tokens, :tokens],
    }
