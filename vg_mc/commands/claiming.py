"""Whose folder it is: a run or a study goes on where it was only with the settings that it had."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vg_mc.errors import BadInputError
from vg_mc.flags.finetune import FinetuneConfig
from vg_mc.system.atomic import write_whole_text
from vg_mc.system.fields import as_mapping, read_json

if TYPE_CHECKING:
    from accelerate import Accelerator

    from vg_mc.prepared.dataset import PreparedDataset

# These do not decide on the weights, so a run may go on with others.
INDECISIVE = (
    "dataset",
    "output",
    "resume",
    "num_workers",
    "checkpoint_steps",
    "keep",
    "log_with",
    "dry_run",
    "push_to_hub",
)


def claim(config: FinetuneConfig, dataset: "PreparedDataset", accelerator: "Accelerator") -> None:
    """Write config.json into a new run, or make sure that an old one is the same run.

    Raises:
        BadInputError: If the output holds another run; each differing setting is named.
    """
    described = describe(config, dataset, accelerator)
    path = config.output / "config.json"
    if not path.exists():
        if (config.output / "checkpoints").exists():
            raise BadInputError("checkpoints without a config.json", file=config.output)
        write_whole_text(path, json.dumps(described, indent=2) + "\n")
        return
    if config.resume == "never":
        raise BadInputError("a run is here already, and --resume is never", file=config.output)
    require_same(path, described["settings"], "run")


def require_same(path: Path, settings: Mapping[str, object], what: str) -> None:
    """Make sure that what is described in the file `path` had the same settings.

    Raises:
        BadInputError: If not; each differing setting is named.
    """
    before = as_mapping(as_mapping(read_json(path)).get("settings"))
    different = differences(before, settings)
    if different:
        problem = f"the {what} that is here had other settings: " + "; ".join(different)
        raise BadInputError(problem, file=path.parent)


def differences(before: Mapping[Any, object], now: Mapping[str, object]) -> list[str]:
    """Name each setting in which two runs differ."""
    return [
        f"{key} was {before.get(key)!r} and is now {now.get(key)!r}"
        for key in dict.fromkeys([*before, *now])
        if before.get(key) != now.get(key)
    ]


def describe(
    config: FinetuneConfig, dataset: "PreparedDataset", accelerator: "Accelerator"
) -> dict[str, Any]:
    """Describe a run: the settings decide on its weights, the rest says where it was made.

    Raises:
        BadInputError: If the dataset's first view is no marker, which is all that a trained model
            can be shown later.
    """
    from vg_mc.system.versions import versions

    if "marker" not in dataset.manifest["settings"]:
        problem = f"models are trained on a marker, and the first view is {dataset.first_view}"
        raise BadInputError(problem, file=dataset.folder)

    decisive = {key: value for key, value in asdict(config).items() if key not in INDECISIVE}
    return {
        "settings": decisive
        | {"data_hash": dataset.data_hash, "processes": accelerator.num_processes},
        "dataset": str(config.dataset),
        "marker": dataset.manifest["settings"]["marker"],
        "fit": dataset.manifest["settings"]["fit"],
        "versions": versions(),
    }
