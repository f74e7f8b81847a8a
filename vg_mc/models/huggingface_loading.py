"""Load dual encoders of transformers from a local folder, an adapter of PEFT, or the hub."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    AutoImageProcessor,
    AutoModel,
    AutoTokenizer,
    GemmaTokenizer,
    Siglip2Tokenizer,
)

from vg_mc.errors import BadInputError
from vg_mc.models.adapter_folders import adapter_folder, base_of, merged_adapter
from vg_mc.models.folders import check_vocabulary, explained
from vg_mc.models.huggingface import FAMILIES, HuggingFaceEncoder
from vg_mc.system.hub import check_complete

LAYER = re.compile(r"\.layers?\.\d+\.")  # in the name of a weight


def open_huggingface(name: str) -> HuggingFaceEncoder:
    """Load a local folder or a model of the hub (of its cache when offline).

    The adapter of a folder of PEFT is merged into its base model.
    """
    adapter = adapter_folder(name)
    if adapter is None:
        model = _open_model(name)
        return HuggingFaceEncoder(model, *_open_processors(name, model, name), name)
    base = base_of(adapter)
    model = merged_adapter(_open_model(base), adapter)
    source = str(adapter) if (adapter / "tokenizer_config.json").is_file() else base
    processing = str(adapter) if (adapter / "preprocessor_config.json").is_file() else base
    return HuggingFaceEncoder(model, *_open_processors(source, model, processing), name)


def _open_model(name: str) -> Any:  # noqa: ANN401
    local = Path(name).is_dir()
    with explained(_expected(local=local), name):
        # Half-precision checkpoints are trained in float32; autocast selects the compute precision.
        model, report = AutoModel.from_pretrained(
            name,
            dtype=torch.float32,
            use_safetensors=_has_safetensors(name),
            weights_only=True,
            trust_remote_code=False,
            local_files_only=local,
            ignore_mismatched_sizes=True,  # refused below, by name
            output_loading_info=True,
        )
    _check_dual_encoder(model, name)
    check_complete(report["missing_keys"], name)
    _check_fit(report, name)
    return model


def _check_fit(report: Mapping[str, Any], name: str) -> None:
    """Check that the weights have the shapes and the layers that the config describes.

    Raises:
        BadInputError: If not: transformers would initialise or ignore the others.
    """
    if report["mismatched_keys"]:
        key, found, expected = min(report["mismatched_keys"])
        problem = f"{key} has the shape {tuple(found)} in place of {tuple(expected)}"
        raise BadInputError(
            f"expected the weights that config.json describes; {problem}", file=name
        )
    further = [key for key in report["unexpected_keys"] if LAYER.search(key)]
    if further:
        problem = f"the weights have {len(further)} of layers that config.json does not describe"
        raise BadInputError(f"{problem}, the first is {min(further)}", file=name)


def _has_safetensors(name: str) -> bool:
    """Return False for a local folder that only has weights of PyTorch's older format."""
    folder = Path(name)
    return not any(folder.glob("pytorch_model*.bin")) or any(folder.glob("*.safetensors"))


def _open_processors(
    tokenizer_name: str,
    model: Any,  # noqa: ANN401
    processor_name: str,
) -> tuple[Any, Any]:
    """Load the tokenizer and the image processor of a model."""
    local = Path(tokenizer_name).is_dir()
    with explained(_expected(local=local), tokenizer_name):
        tokenizer = _open_tokenizer(tokenizer_name, model.config.model_type, local=local)
    local = Path(processor_name).is_dir()
    with explained(_expected(local=local), processor_name):
        # Candidate images are resized by Pillow, so the saved processor must do the same.
        image_processor = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            processor_name, backend="pil", local_files_only=local, trust_remote_code=False
        )
    return tokenizer, image_processor


def _expected(*, local: bool) -> str:
    where = "in the local folder" if local else "not a local folder, so looked up on the hub"
    return f"a dual encoder: safetensors weights, tokenizer, image processor ({where})"


def _open_tokenizer(name: str, model_type: str, *, local: bool) -> Any:  # noqa: ANN401
    if local:
        check_vocabulary(Path(name))
    tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=local, trust_remote_code=False)
    # SigLIP 2 was trained on lower case (https://arxiv.org/abs/2502.14786, section 2.1), but its
    # published folders name Gemma's tokenizer, which is case-sensitive. Siglip2Tokenizer has the
    # same vocabulary, and saving it also fixes the folder for other users.
    if model_type == "siglip" and isinstance(tokenizer, GemmaTokenizer):
        return Siglip2Tokenizer.from_pretrained(name, local_files_only=local)
    return tokenizer


def _check_dual_encoder(model: nn.Module, name: str) -> None:
    kind, model_type = type(model).__name__, model.config.model_type  # type: ignore[union-attr]
    parts = ("get_image_features", "get_text_features", "logit_scale")
    missing = [part for part in parts if not hasattr(model, part)]
    if missing:
        problem = "expected a dual encoder such as CLIPModel or SiglipModel"
        raise BadInputError(f"{problem}; {kind} lacks {', '.join(missing)}", file=name)
    if not hasattr(model.config.vision_config, "image_size"):  # type: ignore[union-attr]
        problem = "expected a fixed square input, such as that of the fixed-resolution SigLIP 2"
        raise BadInputError(f"{problem}; {kind} has variable image sizes", file=name)
    if model_type not in FAMILIES:
        problem = f"expected one of the model types {', '.join(sorted(FAMILIES))}"
        untested = "its features were not compared with its library"
        raise BadInputError(f"{problem}; found {model_type} ({kind}), {untested}", file=name)
