"""Checkpoints and the best model: complete or not there.

A folder is written under another name, forced to disk and renamed, so that a killed run leaves the
one before it usable. Accelerate's own saving can leave half a model under the final name.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import load_model, save_model
from torch import nn

from vg_mc.errors import BadInputError
from vg_mc.prepared.manifest import describe_files
from vg_mc.system.atomic import whole_folder

WEIGHTS, STATES, PROGRESS = "model.safetensors", "states.pt", "progress.json"
FILES = "files.json"  # the size and the hash of all others


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Attributes:
        epoch: The epoch that is under way.
        step: Optimizer steps taken in it.
        steps_taken: Optimizer steps taken since the start of the run.
        best_score: The best validation score so far, -1 before the first.
    """

    epoch: int = 0
    step: int = 0
    steps_taken: int = 0
    best_score: float = -1.0


class Stateful(Protocol):
    """What a checkpoint can hold, as optimizers are: tensors and numbers in dictionaries."""

    def state_dict(self) -> dict[str, Any]:
        """Return all that `load_state_dict` needs."""

    def load_state_dict(self, state: Any, /) -> None:  # noqa: ANN401
        """Become what `state` was taken from."""


def save_checkpoint(
    folder: Path,
    model: nn.Module,
    states: Mapping[str, Stateful],
    progress: Progress,
    *,
    keep: int,
) -> None:
    """Write ``folder/step-<n>`` and remove all but the newest `keep` checkpoints.

    `states` are what else a step changes, by name: the optimizer first of all.
    """
    with whole_folder(folder / f"step-{progress.steps_taken:08d}") as partial:
        save_model(model, str(partial / WEIGHTS))
        torch.save({name: each.state_dict() for name, each in states.items()}, partial / STATES)
        (partial / PROGRESS).write_text(json.dumps(asdict(progress)) + "\n")
        (partial / FILES).write_text(json.dumps(describe_files(partial), indent=2) + "\n")
    for old in find_checkpoints(folder)[:-keep]:
        shutil.rmtree(old)


def find_checkpoints(folder: Path) -> list[Path]:
    """Return the complete checkpoints, oldest first."""
    return sorted(folder.glob("step-*"))


def set_damaged_aside(folder: Path) -> None:
    """Rename checkpoints that are newer than the newest undamaged one, and say so.

    A checkpoint is never half written, but a disk may lose what it was given.

    Raises:
        BadInputError: If there are checkpoints, and all are damaged.
    """
    damages: dict[Path, str] = {}
    for checkpoint in reversed(find_checkpoints(folder)):
        damage = _damage(checkpoint)
        if not damage:
            break
        damages[checkpoint] = damage
    else:
        if damages:
            told = "; ".join(f"{path.name}: {damage}" for path, damage in damages.items())
            raise BadInputError(f"every checkpoint is damaged: {told}", file=folder)
    for checkpoint, damage in damages.items():
        aside = checkpoint.with_name(f"damaged-{checkpoint.name}")
        shutil.rmtree(aside, ignore_errors=True)
        checkpoint.rename(aside)
        print(f"{checkpoint} is damaged ({damage}): renamed to {aside.name}, an older one is used")


def _damage(checkpoint: Path) -> str:
    """Compare the files with what was written; return what is wrong, nothing if nothing is."""
    try:
        before, now = json.loads((checkpoint / FILES).read_text()), describe_files(checkpoint)
        return ", ".join(each["path"] for each in before if each not in now)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{FILES}: {error}"


def load_checkpoint(checkpoint: Path, model: nn.Module, states: Mapping[str, Stateful]) -> Progress:
    """Restore a checkpoint that this run wrote, `model` and `states` as they were saved."""
    load_model(model, checkpoint / WEIGHTS)
    saved = torch.load(checkpoint / STATES, map_location="cpu", weights_only=True)
    for name, each in states.items():
        each.load_state_dict(saved[name])
    return Progress(**json.loads((checkpoint / PROGRESS).read_text()))
