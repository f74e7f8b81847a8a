"""Sentence encoders of sentence-transformers (https://arxiv.org/abs/1908.10084).

They embed texts alone: the embeddings are compared with each other, never with images. A model is
loaded from safetensors in a local folder, without network access and without code from that folder.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from vg_mc.errors import BadInputError
from vg_mc.models.dual_encoder import TokenBatch
from vg_mc.models.similarity import unit_vectors
from vg_mc.system.fields import read_json
from vg_mc.system.hub import MODEL, check_complete, local_or_fetched

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_WEIGHTS = {"dtype": torch.float32, "use_safetensors": True}
# Everything that the library raises for a folder that it cannot load.
_LOADING_ERRORS = (
    *(OSError, ValueError, TypeError, LookupError, AttributeError, ImportError, RuntimeError),
    SafetensorError,
)


class SentenceEncoder(nn.Module):
    """A sentence-transformers model as a `TextEncoder`.

    Args:
        model: A model whose first module is a transformer.
    """

    def __init__(self, model: "SentenceTransformer") -> None:
        super().__init__()
        self.model = model
        transformer: Any = model[0]
        # The tokenizer of a decoder pads on the left, which would shift absolute positions.
        transformer.tokenizer.padding_side = "right"
        limit = transformer.max_seq_length
        transformer.max_seq_length = min(limit, _position_count(transformer.auto_model))
        self.prompt = model.prompts.get(model.default_prompt_name or "") or ""
        # In tokens; some models leave the prompt out when they pool.
        self.prompt_length = self._preprocess(["a"]).get("prompt_length")

    def tokenize(self, texts: list[str]) -> TokenBatch:
        """Tokenize texts on the CPU; longer texts are truncated, keeping the end token."""
        features = self._preprocess(texts)
        return TokenBatch(features["input_ids"], features["attention_mask"])

    def encode_texts(self, tokens: TokenBatch) -> Tensor:
        """Encode tokens as unit vectors (B, D), float32."""
        features: dict[str, Any] = {
            "input_ids": tokens.token_ids.to(self.model.device, non_blocking=True),
            "attention_mask": tokens.attention_mask.to(self.model.device, non_blocking=True),
        }
        if self.prompt_length is not None:
            features["prompt_length"] = self.prompt_length
        return unit_vectors(self.model(features)["sentence_embedding"])

    def _preprocess(self, texts: list[str]) -> dict[str, Any]:
        stripped = [text.strip() for text in texts]
        return self.model.preprocess(stripped, prompt=self.prompt or None)


def open_sentence_encoder(name: str) -> SentenceEncoder:
    """Load a local folder or a model of the hub on the CPU, in evaluation mode.

    Raises:
        BadInputError: If sentence-transformers is not installed, or `name` is not a text encoder
            that it can load from safetensors without running code from the folder.
    """
    if find_spec("sentence_transformers") is None:
        problem = "needs sentence-transformers; pip install sentence-transformers"
        raise BadInputError(problem, record=f"--model sentence:{name}")
    folder = local_or_fetched(Path(name), "model", MODEL)
    _check_files(folder)
    try:
        encoder = SentenceEncoder(_load(folder))
        with torch.no_grad():
            encoder.encode_texts(encoder.tokenize(["a short text"]))
    except _LOADING_ERRORS as error:
        problem = "expected a text encoder of sentence-transformers or transformers, as safetensors"
        raise BadInputError(f"{problem}: {error}", file=name) from error
    _check_weights(encoder.model.transformers_model, folder)
    return encoder.eval()


def _check_files(folder: Path) -> None:
    """Refuse weights stored as pickles, and adapters, which name their base model elsewhere."""
    for file in sorted(folder.rglob("pytorch_model*.bin")):
        if not any(file.parent.glob("*.safetensors")):
            raise BadInputError("expected weights as safetensors, not a pickle", file=file)
    if any(folder.rglob("adapter_config.json")):
        problem = "expected a whole model, not an adapter: merge it into its base model"
        raise BadInputError(problem, file=folder)


def _load(folder: Path) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer

    model = SentenceTransformer(
        str(folder), device="cpu", local_files_only=True, model_kwargs=dict(_WEIGHTS)
    )
    transformer = model[0]
    if not isinstance(transformer, Transformer) or transformer.modalities != ["text"]:
        kind = type(getattr(transformer, "auto_model", transformer)).__name__
        raise ValueError(f"{kind} is not a transformer that reads only texts")
    return model


def _check_weights(transformer: Any, folder: Path) -> None:  # noqa: ANN401  # of any family
    """Check that no weight was initialised at random, except in poolers, which are not used.

    sentence-transformers does not pass on the loading report, so the weights are read once more.
    """
    options = {"config": transformer.config, "subfolder": _subfolder(folder), **_WEIGHTS}
    _, report = type(transformer).from_pretrained(
        folder, local_files_only=True, output_loading_info=True, **options
    )
    check_complete([key for key in report["missing_keys"] if "pooler." not in key], folder)


def _subfolder(folder: Path) -> str:
    """Return where in the folder the transformer lies, as the list of modules says."""
    file = folder / "modules.json"
    modules: Any = read_json(file) if file.is_file() else [{"path": ""}]
    return str(modules[0]["path"])


def _position_count(transformer: Any) -> int:  # noqa: ANN401
    """Return the number of tokens with a position embedding; RoBERTa numbers them after padding."""
    positions = getattr(transformer.config, "max_position_embeddings", None)
    if not positions:
        return torch.iinfo(torch.int64).max
    table = getattr(getattr(transformer, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    return int(positions) - (0 if padding is None else padding + 1)
