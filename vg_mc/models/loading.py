"""Load a model by its name.

transformers and open_clip take seconds to import, so each is imported only if a name requires it.
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

SENTENCE = "sentence:"  # prefix of models that encode texts only


def load_encoder(name: str, *, image_size: int | None = None, seed: int = 0) -> "Encoder":
    """Load a dual encoder on the CPU, in evaluation mode.

    Args:
        name: A local folder of transformers, PEFT (an adapter) or open_clip, ``tiny-vit``,
            ``tiny-resnet``, ``open_clip:RN50`` (random start), ``open_clip:RN50/openai`` (published
            weights), ``open_clip:RN50/FILE`` (a checkpoint of open_clip or openai/CLIP),
            ``open_clip:RN50/openai/FILE`` (one whose training started from published weights),
            ``open_clip:hf-hub:OWNER/MODEL``, or else a model of transformers on the hub.
        image_size: Side of the input images in pixels; configurable for the tiny models only.
        seed: Seed of randomly initialised weights.

    Raises:
        BadInputError: If the model cannot be loaded or has a different input size.
    """
    check_sees_pictures(name)
    with random_start(seed):
        encoder = _open(name, image_size)
    if image_size not in (None, encoder.image_size):
        problem = f"expects images of {encoder.image_size} pixels, the data has {image_size}"
        raise BadInputError(f"{problem}: its position embeddings have a fixed size", file=name)
    encoder.eval()
    _check_texts(encoder, name)
    return encoder


def load_text_encoder(name: str, *, image_size: int | None) -> "Encoder | SentenceEncoder":
    """Load a text encoder on the CPU, in evaluation mode.

    Args:
        name: As for `load_encoder`, or ``sentence:`` followed by the folder or hub id of a sentence
            encoder.
        image_size: Input size that a dual encoder must have; None if it gets no images.

    Raises:
        BadInputError: If the model cannot be loaded.
    """
    if not name.startswith(SENTENCE):
        return load_encoder(name, image_size=image_size)
    from vg_mc.models.sentences import open_sentence_encoder

    with random_start(seed=0):
        return open_sentence_encoder(name.removeprefix(SENTENCE))


def check_sees_pictures(name: str) -> None:
    """Check that a name is not that of a text-only model.

    Raises:
        BadInputError: If it is.
    """
    if name.startswith(SENTENCE):
        raise BadInputError("encodes texts only: expected a dual encoder such as CLIP", file=name)


SHORT_TEXT, LONGER_TEXT = "a dog", "the small red square on the left of a man"
EQUAL, CLOSE = 1e-6, 1e-3  # largest differences of unit vectors that are equal, or only rounded


@torch.no_grad()
def _check_texts(encoder: "Encoder", name: str) -> None:
    """Check that different texts have different features, which do not depend on other texts.

    Raises:
        BadInputError: If not: tokenizer and text tower do not fit together.
    """
    from vg_mc.models.folders import explained

    with explained("a text tower that fits its tokenizer", name):
        short, longer = encoder.encode_texts(encoder.tokenize([SHORT_TEXT, LONGER_TEXT]))
        alone = encoder.encode_texts(encoder.tokenize([SHORT_TEXT]))[0]
    problem = "expected a text tower that fits its tokenizer"
    if float((short - longer).abs().max()) < EQUAL:
        fault = "every text has the same features, since the end token of config.json is not that"
        raise BadInputError(f"{problem}; {fault} of the tokenizer", file=name)
    if not float((short - alone).abs().max()) < CLOSE:
        fault = "the features of a text depend on the texts beside it, or are not numbers"
        raise BadInputError(f"{problem}; {fault}", file=name)


def _open(name: str, image_size: int | None) -> "Encoder":
    if name in ("tiny-vit", "tiny-resnet"):  # even if there is a folder of that name
        from vg_mc.models import tiny

        build = tiny.tiny_vit if name == "tiny-vit" else tiny.tiny_resnet
        return build(tiny.IMAGE_SIZE if image_size is None else image_size)
    folder = Path(name)
    if folder.is_dir():
        return _open_folder(folder)
    if name.startswith("open_clip:"):
        from vg_mc.models.openclip_loading import open_builtin

        return open_builtin(name.removeprefix("open_clip:"))
    if folder.is_file():
        from vg_mc.models.folders import named_checkpoint

        raise BadInputError(named_checkpoint(folder), file=folder)
    from vg_mc.models.huggingface_loading import open_huggingface

    return open_huggingface(name)


def _open_folder(folder: Path) -> "Encoder":
    from vg_mc.models.folders import check_folder

    check_folder(folder)
    if (folder / "open_clip_config.json").is_file():
        from vg_mc.models.openclip_loading import open_folder

        return open_folder(folder)
    from vg_mc.models.huggingface_loading import open_huggingface

    return open_huggingface(str(folder))


@contextmanager
def random_start(seed: int) -> Iterator[None]:
    """Seed the global random generator for the initialisation of weights, and restore it after.

    The libraries draw from it even if weights are read from a file afterwards.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
