"""Record of a run in ``config.json``, and the check that a resumed run has the same options."""

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

DRAWN = ("marker", "fit")  # settings of candidate images that inference needs


def claim(output: Path, described: Mapping[str, Any], resume: Resume) -> None:
    """Write config.json of a new run, or check that an existing run has the same options.

    Args:
        output: Folder of the run.
        described: Description of the run from `describe`.
        resume: Whether an existing run may be resumed.

    Raises:
        BadInputError: If `output` holds another run; each differing option is named.
    """
    path = output / "config.json"
    if not path.exists():
        if (output / "checkpoints").exists():
            problem = (
                "expected config.json beside the checkpoints, found none; choose another --output"
            )
            raise BadInputError(problem, file=output)
        write_whole_text(path, json.dumps(described, indent=2) + "\n")
        return
    if resume == "never":
        problem = "contains a run already; choose another --output, or remove --resume never"
        raise BadInputError(problem, file=output, record="--resume")
    require_same(path, described["settings"], "run")


def require_same(path: Path, settings: Mapping[str, object], what: str) -> None:
    """Check that the settings in the file `path` equal `settings`.

    Raises:
        BadInputError: If settings differ; the message names each.
    """
    before = as_mapping(as_mapping(read_json(path)).get("settings"))
    different = differences(before, settings)
    if different:
        problem = (
            f"the existing {what} has other settings: {'; '.join(different)}. Repeat its flags to "
            "continue it, or choose another --output"
        )
        raise BadInputError(problem, file=path.parent)


def differences(before: Mapping[Any, object], now: Mapping[str, object]) -> list[str]:
    """Describe each setting that differs between two runs."""
    return [
        f"{key} was {before.get(key)!r} and is now {now.get(key)!r}"
        for key in dict.fromkeys([*before, *now])
        if before.get(key) != now.get(key)
    ]


def describe(
    decisive: Mapping[str, object],
    dataset: "PreparedDataset",
    accelerator: "Accelerator",
    *,
    draws_markers: bool = True,
) -> dict[str, Any]:
    """Describe a run.

    Args:
        decisive: Options that determine the weights, by name.
        dataset: The prepared dataset.
        accelerator: The accelerator of the run.
        draws_markers: Whether the model sees candidate images with markers.

    Raises:
        BadInputError: If the first view of the dataset is not a marker, the only view that trained
            models support.
    """
    from vg_mc.system.versions import versions

    if draws_markers and "marker" not in dataset.manifest["settings"]:
        problem = (
            f"training requires a marker as the first view, found {dataset.first_view}; prepare "
            "the dataset with a marker first in --views"
        )
        raise BadInputError(problem, file=dataset.folder)
    decisive = {
        flag: str(value) if isinstance(value, Path) else value for flag, value in decisive.items()
    }
    return {
        "settings": decisive
        | {"data_hash": dataset.data_hash, "processes": accelerator.num_processes},
        "dataset": str(dataset.folder),
        **{name: dataset.manifest["settings"][name] for name in DRAWN if draws_markers},
        "versions": versions(),
    }
