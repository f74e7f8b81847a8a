"""Fetching folders from the Hugging Face hub by an id that the user gave.

Only data is fetched, by the endings of the files, and no code that lies beside it: tables of a
mirror, weights and settings of a model. It stays in the hub's own cache.

Uploading a model to Hugging Face's hub: only for those who ask for it, and private at first.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from vg_mc.errors import BadInputError

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


def check_complete(missing_weights: Collection[str], name: Path | str) -> None:
    """Check that a checkpoint has all weights of its model.

    transformers initialises missing weights at random and only logs a warning.

    Args:
        missing_weights: Names of the weights that were not found in the checkpoint.
        name: Folder or hub id of the model, for the error message.

    Raises:
        BadInputError: If a weight is missing.
    """
    if missing_weights:
        first = min(missing_weights)
        problem = f"the checkpoint lacks {len(missing_weights)} weights, the first is {first}"
        raise BadInputError(problem, file=name)


FLAG = "--push-to-hub"


def require_login(hub_id: str) -> None:
    """Make sure that `hub_id` is a name and that the hub knows us; better now than after training.

    Raises:
        BadInputError: If either is not so.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(hub_id)
        HfApi().whoami()
    except HFValidationError as error:
        raise BadInputError(f"expected OWNER/NAME: {error}", record=f"{FLAG} {hub_id}") from error
    except OSError as error:  # no token, a wrong one, no network
        problem = f"the hub does not let us in; `hf auth login` stores a token: {error}"
        raise BadInputError(problem, record=f"{FLAG} {hub_id}") from error


def push(folder: Path, hub_id: str) -> str:
    """Upload a model's folder; return its address.

    A repository that is there keeps its visibility; a new one is private.

    Raises:
        BadInputError: If the hub refuses; the folder stays as it is.
    """
    from huggingface_hub import HfApi

    api = HfApi()
    try:
        address = api.create_repo(hub_id, private=True, exist_ok=True)
        api.upload_folder(
            repo_id=hub_id, folder_path=folder, commit_message="Upload a model and its card"
        )
    except OSError as error:
        problem = f"not uploaded; `hf upload {hub_id} {folder}` tries it again: {error}"
        raise BadInputError(problem, record=f"{FLAG} {hub_id}") from error
    return str(address)
