"""Uploading a model to Hugging Face's hub: only for those who ask for it, and private at first."""

from pathlib import Path

from vg_mc.faults import BadInputError

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
