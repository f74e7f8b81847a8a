"""Sentence encoders: a transformer that reads texts alone, and a pooling of its tokens.

They are compared with each other, never with pictures. Texts become what sentence-transformers
makes of them, by transformers alone: nothing in the folder of a model is run.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import CONFIG_MAPPING, AutoModel, AutoTokenizer

from vg_mc.encoders.dual_encoder import TokenBatch
from vg_mc.encoders.sentence_layout import Pooling, SentenceLayout, read_layout
from vg_mc.encoders.similarity import unit_vectors
from vg_mc.faults import BadInputError
from vg_mc.fields import as_text, read_json
from vg_mc.hub_folders import MODEL, local_or_fetched


class SentenceEncoder(nn.Module):
    """A transformer whose tokens are pooled into one vector for each text.

    Args:
        model: The transformer.
        tokenizer: Its tokenizer.
        layout: How texts are read and tokens pooled.
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401  # PreTrainedModel knows nothing of hidden states
        tokenizer: Any,  # noqa: ANN401
        layout: SentenceLayout,
    ) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        self.layout = layout
        longest = tokenizer.model_max_length if layout.longest is None else layout.longest
        self.maximal_tokens = min(longest, _positions(model))

    def tokenize(self, texts: list[str]) -> TokenBatch:
        """Turn texts into token ids on the CPU; longer texts are cut, the end token kept."""
        read = [self.layout.prompt + text.strip() for text in texts]
        encoded = self.tokenizer(
            [text.lower() for text in read] if self.layout.lowercase else read,
            padding="longest",
            # A decoder's own is left; to the right of a text nothing moves its first position.
            padding_side="right",
            truncation=True,
            max_length=self.maximal_tokens,
            return_attention_mask=True,
            return_tensors="pt",
        )
        return TokenBatch(encoded["input_ids"], encoded["attention_mask"])

    def encode_texts(self, tokens: TokenBatch) -> Tensor:
        """Encode tokens as unit vectors (B, D), float32."""
        mask = tokens.attention_mask.to(self.model.device, non_blocking=True)
        hidden = self.model(
            input_ids=tokens.token_ids.to(self.model.device, non_blocking=True),
            attention_mask=mask,
        ).last_hidden_state
        return unit_vectors(pooled(hidden.float(), mask.bool(), self.layout.pooling))


def pooled(
    hidden: Tensor,  # (B, T, D)
    mask: Tensor,  # (B, T), False on padding, which follows the text
    pooling: Pooling,
) -> Tensor:
    """Make one vector of the tokens of each text, (B, D)."""
    if pooling == "cls":
        return hidden[:, 0]
    if pooling == "lasttoken":
        return hidden[torch.arange(len(hidden), device=hidden.device), mask.sum(dim=1) - 1]
    padding = ~mask.unsqueeze(-1)
    if pooling == "max":
        return hidden.masked_fill(padding, float("-inf")).amax(dim=1)
    return hidden.masked_fill(padding, 0).sum(dim=1) / mask.sum(dim=1, keepdim=True)


def open_sentence_encoder(name: str) -> SentenceEncoder:
    """Open a local folder, or what the hub has under that id, on the CPU, in evaluation mode.

    Raises:
        BadInputError: If it is neither, or holds no sentence encoder that we can read.
    """
    layout = read_layout(local_or_fetched(Path(name), "model", MODEL))
    _check_family(layout.folder / "config.json")
    try:
        model, report = AutoModel.from_pretrained(
            layout.folder,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
        tokenizer = AutoTokenizer.from_pretrained(layout.folder, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError, SafetensorError) as fault:
        problem = "expected a text encoder of transformers: config, safetensors weights, tokenizer"
        raise BadInputError(f"{problem}: {fault}", file=name) from fault
    _check_text_encoder(model, tokenizer, name)
    # What a pooler of the transformer's own makes is not looked at.
    missing = sorted(key for key in report["missing_keys"] if not key.startswith("pooler."))
    if missing:  # the library only warns, and fills the holes at random
        raise BadInputError(f"lacks {len(missing)} weights, the first is {missing[0]}", file=name)
    return SentenceEncoder(model, tokenizer, layout).eval()


def _check_family(file: Path) -> None:
    """Refuse a family of models that only code in the folder could build."""
    family = as_text(read_json(file), "model_type")
    if family not in CONFIG_MAPPING:
        raise BadInputError(f"transformers has no family of models {family!r}", file=file)


def _check_text_encoder(model: Any, tokenizer: Any, name: str) -> None:  # noqa: ANN401
    kind = type(model).__name__
    if hasattr(model, "get_image_features"):
        problem = f"is a {kind}, which sees pictures too: name it without 'sentence:'"
        raise BadInputError(problem, file=name)
    if model.config.is_encoder_decoder or model.main_input_name != "input_ids":
        problem = f"expected a transformer that only reads texts, like a BERT, not a {kind}"
        raise BadInputError(problem, file=name)
    if tokenizer.pad_token is None:
        raise BadInputError("expected a tokenizer with a padding token", file=name)


def _positions(model: Any) -> int:  # noqa: ANN401
    """Return how many tokens the model has positions for; RoBERTa's kin begin behind padding."""
    settings = model.config
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    behind = getattr(table, "padding_idx", None)
    unlimited = torch.iinfo(torch.int64).max
    positions = getattr(settings, "max_position_embeddings", None) or unlimited
    return int(positions) - (0 if behind is None else behind + 1)
