"""Checks of a local model folder before a library reads it.

The libraries raise dozens of classes for unusable files, mostly without naming the file.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vg_mc.errors import BadInputError
from vg_mc.models.weights import check_content, check_weights_file
from vg_mc.system.fields import read_json

HUGGING_FACE_CONFIG = "config.json"
OPEN_CLIP_CONFIG = "open_clip_config.json"
ADAPTER_CONFIG = "adapter_config.json"
CONFIGS = (HUGGING_FACE_CONFIG, OPEN_CLIP_CONFIG, ADAPTER_CONFIG)
CHECKPOINTS = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")
LONGEST_REASON = 400  # characters; some libraries list every weight


@contextmanager
def explained(expected: str, name: str | Path) -> Iterator[None]:
    """Turn every error of a library within the block into a `BadInputError`.

    Args:
        expected: What the model was expected to be.
        name: The model as named by the user.
    """
    try:
        yield
    except BadInputError:
        raise
    except Exception as error:  # of dozens of classes; tokenizers even raises Exception itself
        reason = re.sub(r"\s+", " ", str(error)) or "no reason given"
        if len(reason) > LONGEST_REASON:
            reason = reason[:LONGEST_REASON] + " ..."
        problem = f"expected {expected}: {type(error).__name__}: {reason}"
        raise BadInputError(problem, file=name) from error


def check_folder(folder: Path) -> None:
    """Check that a folder holds a model, and that its files are complete.

    Raises:
        BadInputError: If it is none, with what was found in it, or if a file is damaged.
    """
    files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    if not any(file.name in CONFIGS for file in files):
        raise BadInputError(_no_model(folder, files), file=folder)
    for file in files:
        if file.suffix == ".json":
            check_content(file)
            read_json(file)
        elif file.suffix in (".safetensors", ".bin", ".txt", ".model"):
            check_weights_file(file)


VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model")


def check_vocabulary(folder: Path) -> None:
    """Check that a folder has a vocabulary; some tokenizers load without, and know no word.

    Raises:
        BadInputError: If it has none.
    """
    if not any(any(folder.glob(pattern)) for pattern in VOCABULARIES):
        problem = f"expected the tokenizer's files, {' or '.join(VOCABULARIES)}; found none"
        raise BadInputError(f"{problem}: copy those of the base model here", file=folder)


def _no_model(folder: Path, files: list[Path]) -> str:
    found = ", ".join(file.name for file in files[:8]) or "an empty folder"
    problem = f"expected the folder of a model, with {' or '.join(CONFIGS)}; found {found}"
    if (folder / "best").is_dir():
        return f"{problem}; the best model of a run is {folder / 'best'}"
    checkpoint = next((file for file in files if file.suffix in CHECKPOINTS), None)
    return problem if checkpoint is None else f"{problem}; {named_checkpoint(checkpoint)}"


def named_checkpoint(file: Path) -> str:
    """Return how a checkpoint without a config is named as a model."""
    return (
        f"weights alone do not tell their architecture: name those of open_clip or openai/CLIP "
        f"open_clip:ARCHITECTURE/{file}, for example open_clip:ViT-B-32/{file}"
    )
