"""Downloads from and uploads to the Hugging Face hub.

Only data files are downloaded, selected by their suffixes, never code: tables of a dataset, weights
and settings of a model. They are stored in the cache of ``huggingface_hub``. Uploads happen only on
request and create private repositories.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from vg_mc.errors import BadInputError

TABLES = ("*.parquet",)
MODEL = ("*.json", "*.safetensors", "*.txt")  # vocabularies are text; pickles are excluded
LANGUAGE_MODEL = (*MODEL, "*.model", "*.jinja")  # sentencepiece, chat templates
OLD_WEIGHTS = ("pytorch_model*.bin",)  # loaded with weights_only=True
_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


def local_or_fetched(
    name: Path, kind: Literal["dataset", "model"], patterns: tuple[str, ...]
) -> Path:
    """Return a local folder, or download the hub repository with that id, ``owner/name``.

    ``owner/name@<revision>`` selects a commit.

    Raises:
        BadInputError: If neither exists.
    """
    if name.is_dir():
        return name
    hub_id, _, revision = name.as_posix().partition("@")
    if not _ID.fullmatch(hub_id):
        problem = f"expected a folder, or the id of a {kind} on the hub, like owner/name"
        raise BadInputError(problem, file=name)
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            hub_id, repo_type=kind, revision=revision or None, allow_patterns=list(patterns)
        )
    except Exception as fault:  # dozens of classes: no such dataset, no network, no space...
        reason = f"{type(fault).__name__}: {fault}".splitlines()[0]
        problem = f"no such folder, and no such {kind} could be downloaded: {reason}"
        raise BadInputError(problem, file=name) from fault
    return Path(folder)


def fetched_model(name: Path) -> Path:
    """Return the folder of a language model like `local_or_fetched`.

    Weights in the older pickle format are downloaded only if the model has no safetensors.

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
    """Check that `hub_id` is a valid id and that a login exists, before training starts.

    Raises:
        BadInputError: If either check fails.
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
        problem = f"not logged in to the hub; `hf auth login` stores a token: {error}"
        raise BadInputError(problem, record=f"{FLAG} {hub_id}") from error


def push(folder: Path, hub_id: str) -> str:
    """Upload the folder of a model and return its address.

    An existing repository keeps its visibility; a new one is private.

    Raises:
        BadInputError: If the hub refuses the upload.
    """
    from huggingface_hub import HfApi

    api = HfApi()
    try:
        address = api.create_repo(hub_id, private=True, exist_ok=True)
        api.upload_folder(
            repo_id=hub_id, folder_path=folder, commit_message="Upload a model and its card"
        )
    except OSError as error:
        problem = f"not uploaded; retry with `hf upload {hub_id} {folder}`: {error}"
        raise BadInputError(problem, record=f"{FLAG} {hub_id}") from error
    return str(address)
