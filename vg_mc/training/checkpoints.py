"""Checkpoints and the best model: complete or not there.

A folder is written under another name, forced to disk and renamed, so that a killed run leaves the
one before it usable. Accelerate's own saving can leave half a model under the final name.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_model, save_model
from torch import nn

if TYPE_CHECKING:
    from vg_mc.encoders.loading import Encoder

KEEP = 2
WEIGHTS, STATES, PROGRESS = "model.safetensors", "states.pt", "progress.json"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Attributes:
        epoch: The epoch that is under way.
        step: Optimizer steps taken in it.
        steps_taken: Optimizer steps taken since the start of the run.
        best_accuracy: The best validation accuracy so far, -1 before the first.
    """

    epoch: int = 0
    step: int = 0
    steps_taken: int = 0
    best_accuracy: float = -1.0


def save_checkpoint(
    folder: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler | None,
    progress: Progress,
) -> None:
    """Write ``folder/step-<n>`` and remove all but the newest checkpoints.

    `scaler` is what keeps gradients in range in half precision, None in any other.
    """
    states = {"optimizer": optimizer.state_dict()}
    if scaler is not None:
        states["scaler"] = scaler.state_dict()
    with whole_folder(folder / f"step-{progress.steps_taken:08d}") as partial:
        save_model(model, str(partial / WEIGHTS))
        torch.save(states, partial / STATES)
        (partial / PROGRESS).write_text(json.dumps(asdict(progress)))
    for old in find_checkpoints(folder)[:-KEEP]:
        shutil.rmtree(old)


def find_checkpoints(folder: Path) -> list[Path]:
    """Return the complete checkpoints, oldest first."""
    return sorted(folder.glob("step-*"))


def load_checkpoint(
    checkpoint: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler | None,
) -> Progress:
    """Restore a checkpoint that this run wrote."""
    load_model(model, checkpoint / WEIGHTS)
    states = torch.load(checkpoint / STATES, map_location="cpu", weights_only=True)
    optimizer.load_state_dict(states["optimizer"])
    if scaler is not None:
        scaler.load_state_dict(states["scaler"])
    return Progress(**json.loads((checkpoint / PROGRESS).read_text()))


def save_model_folder(encoder: "Encoder", folder: Path) -> None:
    """Write the model where it loads from, replacing an older one only once it is complete."""
    with whole_folder(folder) as partial:
        encoder.save(partial)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to write to, which becomes `folder` when the block ends well."""
    partial, old = (folder.with_name(f".{folder.name}.{word}") for word in ("partial", "old"))
    for rest in (partial, old):  # of a run that was killed
        shutil.rmtree(rest, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    for path in partial.rglob("*"):
        _force_to_disk(path)
    if folder.exists():
        folder.rename(old)  # a folder that is not empty cannot be replaced at once
    partial.rename(folder)
    _force_to_disk(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _force_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
