"""Fetching a mirror from the Hugging Face hub, the one place of the package that may go online.

Only Parquet files are fetched, and no code of the dataset is: they lie in the hub's own cache.
"""

import re
from pathlib import Path

from vg_mc.faults import BadInputError

_DATASET = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


def mirror_folder(name: Path) -> Path:
    """Return a local folder as it is, or fetch the dataset of that id, like ``jxu124/refcoco``.

    ``jxu124/refcoco@<revision>`` fixes the commit.

    Raises:
        BadInputError: If it is neither.
    """
    if name.is_dir():
        return name
    dataset, _, revision = name.as_posix().partition("@")
    if not _DATASET.fullmatch(dataset):
        problem = "expected a folder, or the id of a dataset on the hub, like jxu124/refcoco"
        raise BadInputError(problem, file=name)
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            dataset, repo_type="dataset", revision=revision or None, allow_patterns="*.parquet"
        )
    except Exception as fault:  # dozens of classes: no such dataset, no network, no space...
        reason = f"{type(fault).__name__}: {fault}".splitlines()[0]
        problem = f"there is no such folder, and no such dataset could be fetched: {reason}"
        raise BadInputError(problem, file=name) from fault
    return Path(folder)
