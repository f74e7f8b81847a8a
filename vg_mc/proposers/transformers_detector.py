"""Detectors of transformers from a local folder: DETR, RT-DETR, OWLv2, Grounding DINO and similar.

Detectors with a fixed vocabulary run once per image. Open-vocabulary detectors run once for every
distinct expression about an image, with the expression as the query. The candidates of the image
are the union of their detections, without duplicates.

Images and expressions are not batched, since padding to the largest image or longest text of a
batch would change boxes.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from torchvision.ops import nms
from transformers import (
    MODEL_FOR_OBJECT_DETECTION_MAPPING,
    AutoConfig,
    AutoImageProcessor,
    AutoModelForObjectDetection,
    AutoModelForZeroShotObjectDetection,
    AutoProcessor,
)

from vg_mc.boxes.arithmetic import Boxes, areas, clipped
from vg_mc.errors import BadInputError
from vg_mc.records import Photo, Proposal
from vg_mc.system.hub import check_complete

READS_CAPTIONS = frozenset({"grounding-dino", "mm-grounding-dino"})
READS_TEXT = READS_CAPTIONS | {"owlv2", "owlvit"}
OVERLAP = 0.7  # IoU above which boxes of different queries are duplicates
NO_NAME = "N/A"  # label of COCO's unused category ids in DETR's checkpoints


class TransformersProposer:
    """Proposes the detections of a transformers model, best first."""

    name = "transformers"

    def __init__(self, folder: Path, *, confidence: float, device: str = "cpu") -> None:
        """Load a detector from safetensors, without running remote code or downloading files.

        Args:
            folder: Folder written by `save_pretrained` of a model and of its processor.
            confidence: Minimum score of detections.
            device: Where the model runs, as torch names it.

        Raises:
            BadInputError: If the folder does not contain a supported detector.
        """
        self.reads_text, model, self._processor = _load(folder)
        self._model = model.to(device).eval()
        self._confidence = confidence
        self._device = torch.device(device)

    def propose(
        self,
        photos: list[Photo],
        pixels: list[NDArray[np.uint8]],
        sentences: Sequence[Sequence[str]] = (),
    ) -> list[list[Proposal]]:
        """Return the detections of each image, clipped to it.

        Args:
            photos: The images.
            pixels: RGB pixels of each image, shape (H, W, 3).
            sentences: Expressions about each image; detectors with a fixed vocabulary ignore them.

        Raises:
            BadInputError: If the detector takes text and images lack expressions.
        """
        if self.reads_text and len(sentences) != len(photos):
            raise BadInputError("this detector requires expressions, found none")
        asked = sentences if self.reads_text else [()] * len(photos)
        return [
            self._proposals(photo, picture, about)
            for photo, picture, about in zip(photos, pixels, asked, strict=True)
        ]

    def _proposals(
        self, photo: Photo, picture: NDArray[np.uint8], sentences: Sequence[str]
    ) -> list[Proposal]:
        queries = dict.fromkeys(sentences) if self.reads_text else [None]
        found = [self._detect(picture, query) for query in queries]
        if not found:
            return []
        corners, scores, labels = (torch.cat(part) for part in zip(*found, strict=True))
        inside = clipped(corners.double().numpy(), photo.width, photo.height)
        best_first = _ranked(inside, scores)
        if self.reads_text:
            ranks = torch.arange(len(best_first), 0, -1, dtype=torch.float64)  # scores may be equal
            best_first = best_first[nms(torch.from_numpy(inside[best_first]), ranks, OVERLAP)]
        return list(self._as_proposals(inside, scores, labels, best_first))

    @torch.inference_mode()
    def _detect(
        self, picture: NDArray[np.uint8], query: str | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return boxes (N, 4) in pixels, scores (N,) and category ids (N,)."""
        image, config = Image.fromarray(picture), self._model.config
        if query is None:
            inputs = self._processor(images=image, return_tensors="pt")
            finish = self._processor.post_process_object_detection
        else:
            inputs = self._processor(
                images=image,
                text=[_caption(query) if config.model_type in READS_CAPTIONS else query],
                truncation=True,
                max_length=_longest_text(config),
                return_tensors="pt",
            )
            finish = self._processor.post_process_grounded_object_detection
        outputs = self._model(**inputs.to(self._device))
        (found,) = finish(outputs, threshold=self._confidence, target_sizes=[picture.shape[:2]])
        boxes, scores = found["boxes"].cpu(), found["scores"].cpu()
        # Detections of a query have no category.
        labels = found["labels"].cpu() if query is None else torch.full((len(scores),), -1)
        return boxes, scores, labels

    def _as_proposals(
        self, corners: Boxes, scores: torch.Tensor, labels: torch.Tensor, which: torch.Tensor
    ) -> Iterator[Proposal]:
        names = self._model.config.id2label
        for place in which.tolist():
            left, top, right, bottom = corners[place].tolist()
            name = names.get(int(labels[place]))
            category = None if name in (None, "", NO_NAME) else str(name)
            yield Proposal((left, top, right, bottom), float(scores[place]), category, self.name)


def _caption(text: str) -> str:
    """Return a text as the program of Grounding DINO writes captions.

    The processor of transformers does this as well, but not to a text that contains a full stop.
    """
    caption = text.lower().strip()
    return caption if caption.endswith(".") else f"{caption}."


def _longest_text(config: Any) -> int | None:  # noqa: ANN401 - of any family
    """Return the number of tokens that a model reads, which its tokenizer may not know."""
    limit: int | None = getattr(config, "max_text_len", None)
    return limit or getattr(config.text_config, "max_position_embeddings", None)


def _ranked(corners: Boxes, scores: torch.Tensor) -> torch.Tensor:
    """Return positions of the boxes with a positive area, best first, ties in order."""
    order = scores.argsort(descending=True, stable=True)
    return order[torch.from_numpy(areas(corners) > 0)[order]]


def _load(folder: Path) -> tuple[bool, Any, Any]:
    """Return whether the detector takes text, the model, and its processor."""
    options: dict[str, Any] = {"local_files_only": True}
    try:
        config = AutoConfig.from_pretrained(folder, **options)
        reads_text = _reads_text(config, folder)
        kind = AutoModelForZeroShotObjectDetection if reads_text else AutoModelForObjectDetection
        model, report = kind.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            output_loading_info=True,
            **options,
        )
        prepares: Any = AutoProcessor if reads_text else AutoImageProcessor
        processor = prepares.from_pretrained(folder, **options)
    except (OSError, ValueError, KeyError, ImportError, SafetensorError) as fault:
        problem = "expected a transformers detector with config, safetensors weights and processor"
        raise BadInputError(f"{problem}: {fault}", file=folder) from fault
    check_complete(report["missing_keys"], folder)
    return reads_text, model, processor


def _reads_text(config: Any, folder: Path) -> bool:  # noqa: ANN401 - of any family
    if config.model_type in READS_TEXT:
        return True
    if type(config) in MODEL_FOR_OBJECT_DETECTION_MAPPING:
        return False
    problem = "expected a detector such as DETR, RT-DETR, OWLv2 or Grounding DINO"
    raise BadInputError(f"{problem}, found a model of type {config.model_type!r}", file=folder)
