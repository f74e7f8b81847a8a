"""Sentence encoders: a transformer that reads texts alone, and a pooling of its tokens.

They are compared with each other, never with pictures. Texts become what sentence-transformers
makes of them, by transformers alone: nothing in the folder of a model is run.

What the folder of a sentence encoder says about the way from tokens to one vector.

The layout is that of sentence-transformers (https://arxiv.org/abs/1908.10084): `modules.json` lists
a transformer, how its tokens are pooled, and perhaps that the vector is brought to length one. A
folder without that list is a transformer alone, whose tokens are averaged as most are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import CONFIG_MAPPING, AutoModel, AutoTokenizer

from vg_mc.errors import BadInputError
from vg_mc.models.dual_encoder import TokenBatch
from vg_mc.models.similarity import unit_vectors
from vg_mc.system.fields import as_list, as_mapping, as_positive_integer, as_text, read_json
from vg_mc.system.hub import MODEL, local_or_fetched

Pooling = Literal["mean", "cls", "max", "lasttoken"]

MODULES = "modules.json"
# A mean divided by another number has the same direction, and that is all we compare.
_FLAGS = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "lasttoken",
    "pooling_mode_weightedmean_tokens": "weightedmean",
}
_NO_CHANGE = "Normalize"  # every vector of ours has length one


@dataclass(frozen=True, slots=True)
class SentenceLayout:
    """How a text becomes one vector.

    Attributes:
        folder: Of the transformer and its tokenizer.
        pooling: What becomes of the vectors of a text's tokens.
        longest: Tokens that are read of a text, None where only the model limits them.
        lowercase: Whether texts are read in lower case.
        prompt: What is put before each text.
    """

    folder: Path
    pooling: Pooling = "mean"
    longest: int | None = None
    lowercase: bool = False
    prompt: str = ""


def read_layout(folder: Path) -> SentenceLayout:
    """Read the layout of a sentence encoder.

    Raises:
        BadInputError: If a file is no such JSON, or asks for a step that we do not know: leaving it
            out would give other vectors than the model's.
    """
    if not (folder / MODULES).is_file():
        return SentenceLayout(folder)
    try:
        return _layout(folder)
    except BadInputError as fault:  # a field that is missing does not know its file
        raise BadInputError(fault.problem, file=fault.file or folder) from fault


def _layout(folder: Path) -> SentenceLayout:
    home, pooling_folder = _modules(folder)
    pooling, prompt_counts = _pooling(pooling_folder / "config.json")
    longest, lowercase = _reading(home)
    prompt = _default_prompt(folder / "config_sentence_transformers.json")
    if prompt and not prompt_counts:
        problem = "expected the tokens of the prompt to be pooled too, not left out"
        raise BadInputError(problem, file=pooling_folder / "config.json")
    return SentenceLayout(home, pooling, longest, lowercase, prompt)


def _modules(folder: Path) -> tuple[Path, Path]:
    """Return the folders of the transformer and of the pooling."""
    file = folder / MODULES
    modules = as_list({MODULES: read_json(file)}, MODULES)
    kinds = [as_text(module, "type").rpartition(".")[-1] for module in modules]
    if [kind for kind in kinds if kind != _NO_CHANGE] != ["Transformer", "Pooling"]:
        problem = "expected the modules Transformer, Pooling and perhaps Normalize, not"
        raise BadInputError(f"{problem} {', '.join(kinds)}", file=file)
    places = {kind: as_mapping(one).get("path") for kind, one in zip(kinds, modules, strict=True)}
    return folder / str(places["Transformer"] or ""), folder / str(places["Pooling"])


def _pooling(file: Path) -> tuple[Pooling, bool]:
    """Return how tokens are pooled, and whether those of a prompt are."""
    settings = as_mapping(read_json(file))
    named = settings.get("pooling_mode")  # newer releases write the name, older ones a flag each
    modes = [named] if named else [mode for flag, mode in _FLAGS.items() if settings.get(flag)]
    known = get_args(Pooling)
    for mode in known:
        if modes == [mode]:
            return mode, settings.get("include_prompt", True) is not False
    asked = ", ".join(map(str, modes)) or "none"
    raise BadInputError(f"expected one pooling of {', '.join(known)}, not {asked}", file=file)


def _reading(home: Path) -> tuple[int | None, bool]:
    """Return how many tokens of a text are read, and whether in lower case."""
    for file in sorted(home.glob("sentence_*_config.json")):  # sentence_bert_config.json mostly
        settings = as_mapping(read_json(file))
        limited = settings.get("max_seq_length") is not None
        longest = as_positive_integer(settings, "max_seq_length") if limited else None
        return longest, settings.get("do_lower_case") is True
    return None, False


def _default_prompt(file: Path) -> str:
    """Return what the model's authors put before a text unless told otherwise."""
    settings = as_mapping(read_json(file)) if file.is_file() else {}
    name, prompts = settings.get("default_prompt_name"), settings.get("prompts")
    if name is None or not isinstance(prompts, Mapping):
        return ""
    return str(prompts.get(name, ""))


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
