"""Fetching folders from the Hugging Face hub by an id that the user gave.

Only data is fetched, by the endings of the files, and no code that lies beside it: tables of a
mirror, weights and settings of a model. It stays in the hub's own cache.
"""

import re
from pathlib import Path
from typing import Literal

from vg_mc.faults import BadInputError

TABLES = ("*.parquet",)
MODEL = ("*.json", "*.safetensors", "*.txt")  # a vocabulary is text; no pickle is among them
LANGUAGE_MODEL = (*MODEL, "*.model", "*.jinja")  # vocabularies of sentencepiece, wordings
OLD_WEIGHTS = ("pytorch_model*.bin",)  # which torch reads as tensors alone, if told so
_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


def local_or_fetched(
    name: Path, kind: Literal["dataset", "model"], patterns: tuple[str, ...]
) -> Path:
    """Return a local folder as it is, or fetch what the hub has under that id, ``owner/name``.

    ``owner/name@<revision>`` fixes the commit.

    Raises:
        BadInputError: If it is neither.
    """
    if name.is_dir():
        return name
    wanted, _, revision = name.as_posix().partition("@")
    if not _ID.fullmatch(wanted):
        problem = f"expected a folder, or the id of a {kind} on the hub, like owner/name"
        raise BadInputError(problem, file=name)
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            wanted, repo_type=kind, revision=revision or None, allow_patterns=list(patterns)
        )
    except Exception as fault:  # dozens of classes: no such dataset, no network, no space...
        reason = f"{type(fault).__name__}: {fault}".splitlines()[0]
        problem = f"there is no such folder, and no such {kind} could be fetched: {reason}"
        raise BadInputError(problem, file=name) from fault
    return Path(folder)


def fetched_model(name: Path) -> Path:
    """Return the folder of a language model as `local_or_fetched` does.

    Weights of the older kind are fetched only where the model has no safetensors.

    Raises:
        BadInputError: If it is neither a folder nor a model on the hub.
    """
    folder = local_or_fetched(name, "model", LANGUAGE_MODEL)
    if any(folder.glob("*.safetensors")):
        return folder
    return local_or_fetched(name, "model", (*LANGUAGE_MODEL, *OLD_WEIGHTS))
