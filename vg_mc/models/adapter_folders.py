"""Folders of PEFT with an adapter and the name of its base model, without the base model's weights.

The adapter is merged into the weights of the base model, so that what follows has a plain model: it
is evaluated, trained and saved like any other.
"""

import importlib.util
import warnings
from pathlib import Path
from typing import Any

from transformers.utils.peft_utils import find_adapter_config_file

from vg_mc.errors import BadInputError
from vg_mc.models.folders import ADAPTER_CONFIG, HUGGING_FACE_CONFIG, explained
from vg_mc.models.weights import check_weights_file
from vg_mc.system.fields import as_text, read_json
from vg_mc.system.hub import MODEL, local_or_fetched

WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")  # the latter with weights_only=True


def adapter_folder(name: str) -> Path | None:
    """Return the folder of an adapter, downloaded if necessary; None if `name` is no adapter.

    Raises:
        BadInputError: If the folder also has a model of its own, or peft is not installed.
    """
    folder = Path(name)
    if folder.is_dir():
        if not (folder / ADAPTER_CONFIG).is_file():
            return None
    elif find_adapter_config_file(name) is None:
        return None
    else:
        folder = local_or_fetched(folder, "model", MODEL)
    if (folder / HUGGING_FACE_CONFIG).is_file():
        problem = (
            f"expected either a model ({HUGGING_FACE_CONFIG}) or an adapter ({ADAPTER_CONFIG}); "
            "found both: move the adapter to a folder of its own"
        )
        raise BadInputError(problem, file=name)
    if importlib.util.find_spec("peft") is None:
        raise BadInputError("the adapter needs peft; pip install peft", file=name)
    return folder


def base_of(folder: Path) -> str:
    """Return the name of the model that an adapter was trained on.

    Raises:
        BadInputError: If the adapter does not name it, or it is a folder that does not exist.
    """
    file = folder / ADAPTER_CONFIG
    field = "base_model_name_or_path"
    try:
        base = as_text(read_json(file), field)
    except BadInputError as error:
        problem = f"{error.problem}; write the folder or hub id of its base model there"
        raise BadInputError(problem, file=file, record=field) from error
    if not Path(base).is_dir() and (Path(base).is_absolute() or base.count("/") > 1):
        problem = f"expected a folder or a hub id, found {base}, which does not exist here"
        raise BadInputError(f"{problem}; write where it is now", file=file, record=field)
    return base


def merged_adapter(model: Any, folder: Path) -> Any:  # noqa: ANN401  # peft is optional
    """Return `model` with an adapter merged into its weights.

    Raises:
        BadInputError: If the adapter does not fit the model, is incomplete, or cannot be merged.
    """
    from peft import PeftConfig, PeftModel

    weights = [folder / name for name in WEIGHTS if (folder / name).is_file()]
    if not weights:
        raise BadInputError(
            f"expected {' or '.join(WEIGHTS)} beside {ADAPTER_CONFIG}, found neither", file=folder
        )
    check_weights_file(weights[0])
    kind = type(model).__name__
    trainable = {name for name, weight in model.named_parameters() if weight.requires_grad}
    with (
        explained(f"an adapter of {kind} that can be merged into its weights", folder),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", FutureWarning)  # of peft, about its use of transformers
        config = PeftConfig.from_pretrained(str(folder))
        config.inference_mode = True
        adapted = PeftModel(model, config)
        loaded = adapted.load_adapter(str(folder), "default", torch_device="cpu")
        for problem, names in (("lacks", loaded.missing_keys), ("has", loaded.unexpected_keys)):
            if names:
                fault = f"expected an adapter of {kind}; it {problem} {len(names)} weights"
                raise BadInputError(f"{fault}, the first is {min(names)}", file=folder)
        merged = adapted.merge_and_unload(safe_merge=True)
    for name, weight in merged.named_parameters():  # peft has frozen them
        weight.requires_grad_(name in trainable)
    return merged
