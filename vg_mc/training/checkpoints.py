"""Checkpoints: complete or not there.

A checkpoint is written under another name, forced to disk and renamed, so that a killed run leaves
the one before it usable. Accelerate's own saving can leave half a model under the final name.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_model, save_model
from torch import nn

KEEP = 2
WEIGHTS, OPTIMIZER, PROGRESS = "model.safetensors", "optimizer.pt", "progress.json"


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
    folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, progress: Progress
) -> None:
    """Write ``folder/step-<n>`` and remove all but the newest checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"step-{progress.steps_taken:08d}"
    partial = folder / f".{final.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    save_model(model, str(partial / WEIGHTS))
    torch.save(optimizer.state_dict(), partial / OPTIMIZER)
    (partial / PROGRESS).write_text(json.dumps(asdict(progress)))
    for path in partial.iterdir():
        _force_to_disk(path)
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    for old in find_checkpoints(folder)[:-KEEP]:
        shutil.rmtree(old)


def find_checkpoints(folder: Path) -> list[Path]:
    """Return the complete checkpoints, oldest first."""
    return sorted(folder.glob("step-*"))


def load_checkpoint(
    checkpoint: Path, model: nn.Module, optimizer: torch.optim.Optimizer
) -> Progress:
    """Restore a checkpoint that this run wrote."""
    load_model(model, checkpoint / WEIGHTS)
    state = torch.load(checkpoint / OPTIMIZER, map_location="cpu", weights_only=True)
    optimizer.load_state_dict(state)
    return Progress(**json.loads((checkpoint / PROGRESS).read_text()))


def _force_to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
