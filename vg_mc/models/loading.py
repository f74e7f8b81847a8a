"""From the name of a model to the model.

The libraries behind the names are imported when a name asks for them: they take seconds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import torch

from vg_mc.errors import BadInputError

if TYPE_CHECKING:
    from vg_mc.models.huggingface import HuggingFaceEncoder
    from vg_mc.models.openclip import OpenClipEncoder
    from vg_mc.models.sentences import SentenceEncoder

    Encoder: TypeAlias = HuggingFaceEncoder | OpenClipEncoder

SENTENCE = "sentence:"  # before the name of a model that reads texts alone


def load_encoder(name: str, *, image_size: int | None = None, seed: int = 0) -> "Encoder":
    """Load a dual encoder, in evaluation mode, on the CPU.

    Args:
        name: A local folder of transformers or open_clip, ``tiny-vit``, ``tiny-resnet``,
            ``open_clip:RN50`` (random start), ``open_clip:RN50/openai`` (published weights),
            ``open_clip:hf-hub:OWNER/MODEL``, or else a model of transformers on the hub.
        image_size: Side of the pictures in pixels; only the tiny models can choose it.
        seed: Where weights are random, they follow from it alone.

    Raises:
        BadInputError: Nothing loads under that name, or the model takes another size.
    """
    check_sees_pictures(name)
    with random_start(seed):
        encoder = _open(name, image_size)
    if image_size not in (None, encoder.image_size):
        raise BadInputError(
            f"'{name}' takes pictures of {encoder.image_size} pixels, the data has {image_size}: "
            "its position embeddings are made for one size"
        )
    return encoder.eval()


def load_text_encoder(name: str, *, image_size: int | None) -> "Encoder | SentenceEncoder":
    """Load a model to compare texts with texts, in evaluation mode, on the CPU.

    Args:
        name: As for `load_encoder`, or ``sentence:`` before the folder of a sentence encoder or
            its id on the hub.
        image_size: Of the pictures beside the texts, which a dual encoder has to take; None where
            there are none.

    Raises:
        BadInputError: Nothing loads under that name.
    """
    if not name.startswith(SENTENCE):
        return load_encoder(name, image_size=image_size)
    from vg_mc.models.sentences import open_sentence_encoder

    with random_start(seed=0):
        return open_sentence_encoder(name.removeprefix(SENTENCE))


def check_sees_pictures(name: str) -> None:
    """Refuse the name of a model that reads texts alone.

    Raises:
        BadInputError: If `name` is one.
    """
    if name.startswith(SENTENCE):
        problem = f"'{name}' reads texts alone: expected a model that sees pictures, like a CLIP"
        raise BadInputError(problem)


def _open(name: str, image_size: int | None) -> "Encoder":
    if name in ("tiny-vit", "tiny-resnet"):  # also where a run's folder is called so
        from vg_mc.models import tiny

        build = tiny.tiny_vit if name == "tiny-vit" else tiny.tiny_resnet
        return build(tiny.IMAGE_SIZE if image_size is None else image_size)
    folder = Path(name)
    if folder.is_dir():
        return _open_folder(folder)
    if name.startswith("open_clip:"):
        from vg_mc.models.openclip import open_builtin

        return open_builtin(name.removeprefix("open_clip:"))
    from vg_mc.models.huggingface import open_huggingface

    return open_huggingface(name)


def _open_folder(folder: Path) -> "Encoder":
    if (folder / "open_clip_config.json").is_file():
        from vg_mc.models.openclip import open_folder

        return open_folder(folder)
    from vg_mc.models.huggingface import open_huggingface

    return open_huggingface(str(folder))


@contextmanager
def random_start(seed: int) -> Iterator[None]:
    """Draw initial weights from `seed`, and leave the global generator as it was.

    The libraries draw from the global one, even where weights are read from a file afterwards.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
