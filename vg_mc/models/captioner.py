"""Image captioning with models of transformers: BLIP, BLIP-2, GIT, ViT-GPT2, LLaVA and others.

Decoding is greedy, so captions are deterministic. All images of a batch have the same size and the
same prompt, so nothing is padded, and a caption does not depend on the rest of the batch. Only chat
models get a prompt.

transformers' ``image-text-to-text`` pipeline is not used: it requires a prompt, which changes the
captions of BLIP-2 and GIT, and it rejects models without a combined processor, such as ViT-GPT2.
"""

import hashlib
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import (
    AutoImageProcessor,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
)

from vg_mc.errors import BadInputError
from vg_mc.models.huggingface import without_folders
from vg_mc.models.loading import random_start
from vg_mc.system.hub import check_complete, fetched_model

REQUEST = "Describe the picture in one short sentence."  # prompt of chat models
MOST_TOKENS = 32  # per caption; the captions of COCO have about 13
# Exceptions that the library raises on loading and on generation.
_UNREADABLE = (OSError, ValueError, KeyError, ImportError, RuntimeError)
_UNFIT = (ValueError, TypeError, LookupError, AttributeError, RuntimeError)


class Captioner(nn.Module):
    """A captioning model of transformers.

    Args:
        model: Generates token ids from images.
        processor: Prepares images and, for chat models, the prompt.
        tokenizer: Decodes the generated tokens.
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401  # of any family
        processor: Any,  # noqa: ANN401
        tokenizer: Any,  # noqa: ANN401
    ) -> None:
        super().__init__()
        self.model = model
        self.processor = processor
        self.tokenizer = tokenizer
        self.chats = bool(getattr(processor, "chat_template", None))
        for part in model.modules():  # in some captioners only the text decoder generates
            if getattr(part, "generation_config", None) is not None:
                part.generation_config.max_length = None  # avoids a warning per batch

    def captions(
        self,
        pictures: Tensor,  # (N, 3, H, W) uint8
    ) -> list[str]:
        """Return a caption for each of N images; a caption may be empty."""
        images = [Image.fromarray(one) for one in pictures.permute(0, 2, 3, 1).numpy()]
        inputs = self._asked(images) if self.chats else self.processor(images, return_tensors="pt")
        tokens = self.model.generate(
            **inputs.to(self.model.device),
            do_sample=False,
            num_beams=1,
            max_new_tokens=MOST_TOKENS,
        )
        if self.chats:
            tokens = tokens[:, inputs["input_ids"].shape[1] :]
        texts = self.tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return [" ".join(text.split()) for text in texts]

    def settings(self) -> dict[str, Any]:
        """Return everything besides weights and images that captions depend on."""
        words = sorted(self.tokenizer.get_vocab().items())
        return {
            "model": without_folders(self.model.config.to_dict()),
            "generation": self.model.generation_config.to_dict(),
            "processor": str(self.processor.to_dict()),
            "words": hashlib.sha256(str(words).encode()).hexdigest(),
            "request": REQUEST if self.chats else "",
            "most tokens": MOST_TOKENS,
        }

    def _asked(self, images: list[Image.Image]) -> Any:  # noqa: ANN401  # of any family
        request = {"type": "text", "text": REQUEST}
        return self.processor.apply_chat_template(
            [
                [{"role": "user", "content": [{"type": "image", "image": image}, request]}]
                for image in images
            ],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )


def load_captioner(name: str) -> Captioner:
    """Load a captioner on the CPU, in evaluation mode, without running code from its folder.

    Args:
        name: A local folder as saved by transformers, or a hub id, ``owner/name`` or
            ``owner/name@<revision>``.

    Raises:
        BadInputError: If it is not a captioner, or needs more input than an image.
    """
    folder = fetched_model(Path(name))
    kind: Any = AutoModelForImageTextToText  # its type hints omit the loading report
    try:
        with random_start(0):  # for weights that captions do not depend on
            model, report = kind.from_pretrained(
                folder,
                dtype=torch.float32,
                weights_only=True,  # for older checkpoints that are not safetensors
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
            )
        processor, tokenizer = _processor_of(folder)
    except (*_UNREADABLE, SafetensorError, UnpicklingError) as fault:
        problem = "expected a captioner of transformers: config, weights, processor and tokenizer"
        raise BadInputError(f"{problem}: {fault}", file=Path(name)) from fault
    # Poolers of vision towers are not used for captioning.
    check_complete({key for key in report["missing_keys"] if ".pooler." not in key}, name)
    captioner = Captioner(model, processor, tokenizer).eval()
    _try_out(captioner, name)
    return captioner


def _processor_of(folder: Path) -> tuple[Any, Any]:
    """Return processor and tokenizer, which older models store separately."""
    processor = _opened(AutoProcessor, folder)
    if hasattr(processor, "image_processor") and hasattr(processor, "tokenizer"):
        return processor, processor.tokenizer
    return _opened(AutoImageProcessor, folder), _opened(AutoTokenizer, folder)


def _opened(kind: Any, folder: Path) -> Any:  # noqa: ANN401  # of any family
    return kind.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def _try_out(captioner: Captioner, name: str) -> None:
    """Check that the model generates text from an image without further input."""
    try:
        with torch.no_grad():
            captioner.captions(torch.full((1, 3, 32, 32), 127, dtype=torch.uint8))
    except _UNFIT as fault:
        kind = type(captioner.model).__name__
        problem = f"expected a model that captions an image, but {kind} failed: {fault}"
        raise BadInputError(problem, file=Path(name)) from fault
