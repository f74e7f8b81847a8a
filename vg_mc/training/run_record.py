"""Record of a run: check that a folder belongs to a run with the same options before resuming."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vg_mc.errors import BadInputError
from vg_mc.system.atomic import write_whole_text
from vg_mc.system.fields import as_mapping, read_json

if TYPE_CHECKING:
    from accelerate import Accelerator

    from vg_mc.prepared.dataset import PreparedDataset

Resume = Literal["auto", "never"]


def claim(output: Path, described: Mapping[str, Any], resume: Resume) -> None:
    """Write config.json into a new run, or make sure that an old one is the same run.

    Args:
        output: Folder of the run.
        described: The run, as `describe` returns it.
        resume: Whether an old run may go on.

    Raises:
        BadInputError: If `output` holds another run; each differing option is named.
    """
    path = output / "config.json"
    if not path.exists():
        if (output / "checkpoints").exists():
            raise BadInputError("checkpoints without a config.json", file=output)
        write_whole_text(path, json.dumps(described, indent=2) + "\n")
        return
    if resume == "never":
        raise BadInputError("a run is here already, and --resume is never", file=output)
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
    decisive: Mapping[str, object], dataset: "PreparedDataset", accelerator: "Accelerator"
) -> dict[str, Any]:
    """Describe a run.

    Args:
        decisive: Options that determine its weights, by name.
        dataset: What it trains on.
        accelerator: What it runs on.

    Raises:
        BadInputError: If the dataset's first view is no marker, which is all that a trained model
            can be shown later.
    """
    from vg_mc.system.versions import versions

    if "marker" not in dataset.manifest["settings"]:
        problem = f"models are trained on a marker, and the first view is {dataset.first_view}"
        raise BadInputError(problem, file=dataset.folder)
    decisive = {
        flag: str(value) if isinstance(value, Path) else value for flag, value in decisive.items()
    }
    return {
        "settings": decisive
        | {"data_hash": dataset.data_hash, "processes": accelerator.num_processes},
        "dataset": str(dataset.folder),
        "marker": dataset.manifest["settings"]["marker"],
        "fit": dataset.manifest["settings"]["fit"],
        "versions": versions(),
    }
