"""Two small, randomly initialised models for the demo and the tests; nothing is downloaded.

They are ordinary models of transformers and open_clip, and run through the same code as large ones.
Their tokenizer has the first 7,678 merges of CLIP's byte pair encoding: with all 48,894, the token
embeddings would hold most of the weights and be mostly unused.
"""

import gzip
from functools import cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import open_clip
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from open_clip.model import CLIP, set_model_preprocess_cfg
from open_clip.tokenizer import HFTokenizer, bytes_to_unicode
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

from vg_mc.errors import BadInputError
from vg_mc.models.huggingface import HuggingFaceEncoder
from vg_mc.models.initialization import (
    initialize_patches,
    initialize_positions,
    initialize_stem,
)
from vg_mc.models.openclip import OpenClipEncoder
from vg_mc.models.similarity import INITIAL_LOG_SCALE

IMAGE_SIZE = 64
CONTEXT_LENGTH = 32
EMBEDDING_SIZE = 64
VOCABULARY_SIZE = 8192
START_TOKEN, END_TOKEN = "<|startoftext|>", "<|endoftext|>"  # as in CLIP's vocabulary


def tiny_vit(image_size: int = IMAGE_SIZE) -> HuggingFaceEncoder:
    """Build a CLIP of transformers with 3 layers of width 96 and patches of 8 pixels.

    Its patch filters and positions start where larger ViTs arrive, see `initialization`.
    """
    _check_size("tiny-vit", image_size, multiple_of=8)
    square = {"height": image_size, "width": image_size}
    image_processor = CLIPImageProcessor(size=square, crop_size=square, do_center_crop=False)
    model = CLIPModel(_vit_config(image_size))
    embeddings = model.vision_model.embeddings
    initialize_patches(embeddings.patch_embedding.weight)
    initialize_positions(embeddings.position_embedding.weight)
    return HuggingFaceEncoder(model, tiny_tokenizer(), image_processor, "tiny-vit")


def tiny_resnet(image_size: int = IMAGE_SIZE) -> OpenClipEncoder:
    """Build a CLIP of open_clip with a ModifiedResNet of 4 blocks, starting at width 16."""
    _check_size("tiny-resnet", image_size, multiple_of=32)
    model_config = {
        "embed_dim": EMBEDDING_SIZE,
        "vision_cfg": {"image_size": image_size, "layers": [1, 1, 1, 1], "width": 16},
        "text_cfg": {
            "context_length": CONTEXT_LENGTH,
            "vocab_size": VOCABULARY_SIZE,
            "hf_tokenizer_name": "tiny",  # for a local folder, open_clip loads the tokenizer in it
            "width": 64,
            "heads": 2,
            "layers": 2,
        },
    }
    model = CLIP(**model_config)
    initialize_stem(model.visual.conv1.weight)
    colours = {"mean": OPENAI_DATASET_MEAN, "std": OPENAI_DATASET_STD}
    set_model_preprocess_cfg(model, {"size": image_size, "mode": "RGB", **colours})
    return OpenClipEncoder(model, _openclip_tokenizer(), model_config, "tiny-resnet")


def tiny_tokenizer() -> CLIPTokenizer:
    """Build CLIP's tokenizer with only its most frequent merges."""
    letters = list(bytes_to_unicode().values())
    alphabet = letters + [letter + "</w>" for letter in letters]
    merges = _merges(VOCABULARY_SIZE - len(alphabet) - 2)
    words = [*alphabet, *("".join(pair) for pair in merges), START_TOKEN, END_TOKEN]
    vocabulary = {word: token_id for token_id, word in enumerate(words)}
    return CLIPTokenizer(
        vocab=vocabulary,
        merges=merges,  # type: ignore[arg-type]  # annotated as list[str], but expects pairs
        model_max_length=CONTEXT_LENGTH,
    )


@cache
def _merges(count: int) -> list[tuple[str, str]]:
    """Read CLIP's most frequent merges from the file in open_clip."""
    file = Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        next(lines)  # a version number
        pairs = [line.split() for line in islice(lines, count)]
    return [(first, second) for first, second in pairs]


def _openclip_tokenizer() -> HFTokenizer:
    with TemporaryDirectory() as folder:  # open_clip loads tokenizers from files only
        tiny_tokenizer().save_pretrained(folder)
        return HFTokenizer(folder, context_length=CONTEXT_LENGTH)


def _vit_config(image_size: int) -> CLIPConfig:
    return CLIPConfig(
        projection_dim=EMBEDDING_SIZE,
        logit_scale_init_value=INITIAL_LOG_SCALE,
        text_config={
            "vocab_size": VOCABULARY_SIZE,
            "hidden_size": 64,
            "intermediate_size": 256,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "max_position_embeddings": CONTEXT_LENGTH,
            "bos_token_id": VOCABULARY_SIZE - 2,
            "eos_token_id": VOCABULARY_SIZE - 1,
            "pad_token_id": VOCABULARY_SIZE - 1,
            "projection_dim": EMBEDDING_SIZE,
        },
        vision_config={
            "hidden_act": "gelu",  # one kernel; CLIP's quick_gelu is three, a quarter of a step
            "hidden_size": 96,
            "intermediate_size": 384,
            "num_hidden_layers": 3,
            "num_attention_heads": 3,
            "image_size": image_size,
            "patch_size": 8,
            "projection_dim": EMBEDDING_SIZE,
        },
    )


def _check_size(name: str, image_size: int, *, multiple_of: int) -> None:
    if image_size <= 0 or image_size % multiple_of:
        problem = f"expects image sizes that are multiples of {multiple_of}, got {image_size}"
        raise BadInputError(problem, file=name)
