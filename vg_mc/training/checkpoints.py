"""Checkpoints of a run: atomic saving, detection of damage, and loading.

A folder is written under a temporary name, synced to disk and renamed. If the run is killed, the
previous checkpoint remains usable. Accelerate's `save_state` can leave an incomplete checkpoint.
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
FILES = "files.json"  # sizes and hashes of the other files


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a run.

    Attributes:
        epoch: The current epoch.
        step: Optimizer steps taken in it.
        steps_taken: Optimizer steps taken since the start of the run.
        best_score: The best validation score so far, -1 before the first.
    """

    epoch: int = 0
    step: int = 0
    steps_taken: int = 0
    best_score: float = -1.0


class Stateful(Protocol):
    """An object with a state dict of tensors and numbers, such as an optimizer."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state for `load_state_dict`."""

    def load_state_dict(self, state: Any, /) -> None:  # noqa: ANN401
        """Restore the state returned by `state_dict`."""


def save_checkpoint(
    folder: Path,
    model: nn.Module,
    states: Mapping[str, Stateful],
    progress: Progress,
    *,
    keep: int,
) -> None:
    """Write ``folder/step-<n>`` and remove all but the newest `keep` checkpoints.

    `states` are the other objects that a step changes, by name, such as the optimizer.
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
    """Rename checkpoints that are newer than the newest undamaged one, and print a message.

    Checkpoints are written atomically, but files may be damaged later.

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
            problem = f"all checkpoints are damaged ({told}); start again in another --output"
            raise BadInputError(problem, file=folder)
    for checkpoint, damage in damages.items():
        aside = checkpoint.with_name(f"damaged-{checkpoint.name}")
        shutil.rmtree(aside, ignore_errors=True)
        checkpoint.rename(aside)
        print(f"{checkpoint} is damaged ({damage}) and was renamed to {aside.name}")


def _damage(checkpoint: Path) -> str:
    """Return the damaged files of a checkpoint, or an empty string if there are none."""
    try:
        before, now = json.loads((checkpoint / FILES).read_text()), describe_files(checkpoint)
        return ", ".join(each["path"] for each in before if each not in now)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{FILES}: {error}"


def load_checkpoint(checkpoint: Path, model: nn.Module, states: Mapping[str, Stateful]) -> Progress:
    """Load a checkpoint into `model` and `states`, and return its progress."""
    load_model(model, checkpoint / WEIGHTS)
    saved = torch.load(checkpoint / STATES, map_location="cpu", weights_only=True)
    for name, each in states.items():
        each.load_state_dict(saved[name])
    return Progress(**json.loads((checkpoint / PROGRESS).read_text()))
