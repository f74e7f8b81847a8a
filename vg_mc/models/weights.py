"""Weights of a local file as named tensors, read without running code from the file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from vg_mc.errors import BadInputError
from vg_mc.models.torchscript import is_torchscript, read_torchscript

LFS_POINTER = b"version https://git-lfs"
SCALE = "logit_scale"  # every dual encoder has it once, so it shows the prefix of all names
_IMPORT = re.compile(r"Unsupported (?:global|class|operand)[^:]*:?\s*(?:GLOBAL )?(\S+)")


@dataclass(frozen=True)
class StoredWeights:
    """The weights of a file.

    Attributes:
        tensors: Tensors by name, without a common prefix such as ``module.``.
        quick_gelu: Whether the stored program applies QuickGELU; known for TorchScript only.
    """

    tensors: dict[str, Tensor]
    quick_gelu: bool = False


def read_weights(file: Path) -> StoredWeights:
    """Read a checkpoint of a dual encoder.

    It is a safetensors file; a state dict of PyTorch, alone or within the checkpoint of a training,
    read with ``weights_only=True``; or a TorchScript archive, of which no code is run.

    Raises:
        BadInputError: If the file is damaged, contains code, or has no or several state dicts.
    """
    check_weights_file(file)
    try:
        if file.suffix == ".safetensors":
            return StoredWeights(_without_prefix(load_file(file), file))
        if is_torchscript(file):
            tensors, classes = read_torchscript(file)
            return StoredWeights(_without_prefix(tensors, file), "QuickGELU" in classes)
        content = torch.load(file, map_location="cpu", weights_only=True)
    except BadInputError:
        raise
    except Exception as error:  # torch raises dozens of classes for a damaged file
        raise BadInputError(_problem(error), file=file) from error
    return StoredWeights(_without_prefix(_state_dict(content, file), file))


def check_weights_file(file: Path) -> None:
    """Check that a file has contents, and that a safetensors file is complete.

    Raises:
        BadInputError: If it is empty, damaged, or a pointer of Git LFS.
    """
    check_content(file)
    if file.suffix != ".safetensors":
        return
    try:
        with safe_open(file, "pt"):
            pass
    except Exception as error:
        problem = f"expected weights as safetensors; it is damaged or incomplete: {error}"
        raise BadInputError(f"{problem}; copy or download it again", file=file) from error


def check_content(file: Path) -> None:
    """Check that a file of a model has contents.

    Raises:
        BadInputError: If it is unreadable, empty or a pointer of Git LFS.
    """
    try:
        with file.open("rb") as opened:
            start = opened.read(len(LFS_POINTER))
    except OSError as error:
        raise BadInputError(f"expected a readable file: {error.strerror}", file=file) from error
    if start == LFS_POINTER:
        problem = "expected the file itself, found a Git LFS pointer to it"
        raise BadInputError(f"{problem}; `git lfs pull` downloads the file", file=file)
    if not start:
        raise BadInputError("expected a file of a model, found an empty file", file=file)


def _problem(error: Exception) -> str:
    expected = "expected weights as safetensors, a state dict, or a TorchScript archive"
    imported = _IMPORT.search(str(error))
    if imported:
        return (
            f"{expected}; the pickle imports {imported[1].rstrip('.')}, and no code of a file is "
            "run: write the weights alone with torch.save(model.state_dict(), FILE)"
        )
    reason = str(error).splitlines()[0] if str(error) else ""
    return f"{expected}; it is damaged or of another kind: {type(error).__name__}: {reason}"


def _state_dict(content: Any, file: Path) -> Mapping[str, Tensor]:  # noqa: ANN401
    """Return the state dict in a checkpoint: all of it, or the value of one of its fields."""
    if not isinstance(content, Mapping):
        problem = f"expected a state dict of a dual encoder, found {type(content).__name__}"
        raise BadInputError(problem, file=file)
    fields = {"the file itself": content} | {str(key): value for key, value in content.items()}
    found = {key: value for key, value in fields.items() if _has_scale(value)}
    if len(found) != 1:
        here = ", ".join(found) or f"none in the fields {', '.join(list(fields)[1:6])}"
        problem = f"expected one state dict of a dual encoder, with a {SCALE}; found {here}"
        raise BadInputError(f"{problem}; write the one to load with torch.save", file=file)
    (state,) = found.values()
    return {str(name): value for name, value in state.items() if isinstance(value, Tensor)}


def _has_scale(value: object) -> bool:
    return isinstance(value, Mapping) and any(
        _is_scale(str(name)) and isinstance(one, Tensor) for name, one in value.items()
    )


def _is_scale(name: str) -> bool:
    return name.rsplit(".", maxsplit=1)[-1] == SCALE


def _without_prefix(tensors: Mapping[str, Tensor], file: Path) -> dict[str, Tensor]:
    """Remove what wrappers such as DistributedDataParallel and compile write before each name."""
    scales = [name for name in tensors if _is_scale(name)]
    if len(scales) != 1:
        found = (
            ", ".join(scales) or f"none; the first of {len(tensors)} is {next(iter(tensors), '')!r}"
        )
        problem = f"expected the weights of one dual encoder, with one {SCALE}; found {found}"
        raise BadInputError(problem, file=file)
    prefix = scales[0].removesuffix(SCALE)
    others = [name for name in tensors if not name.startswith(prefix)]
    if others:
        problem = f"expected the prefix {prefix!r} of {scales[0]} before every name"
        raise BadInputError(f"{problem}; found {others[0]}", file=file)
    return {name.removeprefix(prefix): value for name, value in tensors.items()}
