"""Captioners of transformers, pictures in and sentences out: BLIP, BLIP-2, GIT, ViT-GPT2, kin.

Words are chosen greedily, so that the captions of a picture are the same in every run. All pictures
of a batch have one size and are asked the same, so nothing is padded, and a caption does not depend
on the pictures beside it. A model that chats is asked for a caption, others are told nothing.
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

REQUEST = "Describe the picture in one short sentence."  # to a model that chats
MOST_TOKENS = 32  # of a caption; those of COCO, from which captioners learn, have about 13
# What the library raises, who knows for what.
_UNREADABLE = (OSError, ValueError, KeyError, ImportError, RuntimeError)
_UNFIT = (ValueError, TypeError, LookupError, AttributeError, RuntimeError)


class Captioner(nn.Module):
    """A model of transformers that describes pictures.

    Args:
        model: What generates text from pictures.
        processor: What prepares pictures and, for a model that chats, the request.
        tokenizer: What spells the answer.
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
        for part in model.modules():  # of some captioners only the text decoder generates
            if getattr(part, "generation_config", None) is not None:
                part.generation_config.max_length = None  # else each batch warns of two limits

    def captions(
        self,
        pictures: Tensor,  # (N, 3, H, W) uint8
    ) -> list[str]:
        """Return a caption for each of N pictures, which may be empty."""
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
        """Return what decides on captions besides weights and pictures."""
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
    """Load a captioner in evaluation mode, on the CPU; nothing of its folder is run.

    Args:
        name: A local folder as transformers saves it, or else an id of the hub, ``owner/name`` or
            ``owner/name@<revision>``.

    Raises:
        BadInputError: If it is no captioner, or one that must be told more than a picture.
    """
    folder = fetched_model(Path(name))
    kind: Any = AutoModelForImageTextToText  # its hints know nothing of the report
    try:
        with random_start(0):  # for the weights that no caption depends on
            model, report = kind.from_pretrained(
                folder,
                dtype=torch.float32,
                weights_only=True,  # of older models, which were not stored as safetensors
                local_files_only=True,
                output_loading_info=True,
            )
        processor, tokenizer = _processor_of(folder)
    except (*_UNREADABLE, SafetensorError, UnpicklingError) as fault:
        problem = "expected a captioner of transformers: config, weights, processor and tokenizer"
        raise BadInputError(f"{problem}: {fault}", file=Path(name)) from fault
    # Vision towers pool for what classifies, a captioner looks at the patches.
    check_complete({key for key in report["missing_keys"] if ".pooler." not in key}, name)
    captioner = Captioner(model, processor, tokenizer).eval()
    _try_out(captioner, name)
    return captioner


def _processor_of(folder: Path) -> tuple[Any, Any]:
    """Return what prepares the input, and the tokenizer; older models keep them in two files."""
    processor = _opened(AutoProcessor, folder)
    if hasattr(processor, "image_processor") and hasattr(processor, "tokenizer"):
        return processor, processor.tokenizer
    return _opened(AutoImageProcessor, folder), _opened(AutoTokenizer, folder)


def _opened(kind: Any, folder: Path) -> Any:  # noqa: ANN401  # of any family
    return kind.from_pretrained(folder, local_files_only=True)


def _try_out(captioner: Captioner, name: str) -> None:
    """Refuse what generates nothing from a picture alone, before a dataset is described."""
    try:
        with torch.no_grad():
            captioner.captions(torch.full((1, 3, 32, 32), 127, dtype=torch.uint8))
    except _UNFIT as fault:
        kind = type(captioner.model).__name__
        problem = f"expected a model that captions a picture, this {kind} cannot: {fault}"
        raise BadInputError(problem, file=Path(name)) from fault
