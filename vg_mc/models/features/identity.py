"""Hash of a model, as the key of its cached features."""

import hashlib
import json
from importlib.metadata import version
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from vg_mc.system.versions import __version__

_LIBRARIES = ("torch", "transformers", "open_clip_torch")


class Model(Protocol):
    """A ``torch.nn.Module`` whose output also depends on settings."""

    def settings(self) -> dict[str, Any]:
        """Return everything besides weights and inputs that the output depends on."""


def model_hash(model: Model, precision: str) -> str:
    """Return a hash of everything that a model's output depends on besides its input.

    That is all weights and buffers, the settings of the model, the precision of the forward pass
    and the versions of the libraries.
    """
    settings = {
        "settings": model.settings(),
        "precision": precision,
        "versions": {"vg_mc": __version__} | {name: version(name) for name in _LIBRARIES},
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    module = cast("nn.Module", model)
    for name, value in sorted([*module.named_parameters(), *module.named_buffers()]):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(_bytes_of(value))
    return digest.hexdigest()


def _bytes_of(value: Tensor) -> bytes:
    flat = value.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes()
