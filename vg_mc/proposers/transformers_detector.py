"""Detectors of transformers, from a local folder: DETR, RT-DETR, OWLv2, Grounding DINO, their kin.

Those of a fixed vocabulary look at a photo once. Those that read text look once for every distinct
sentence about it, with the sentence as the query: a photo's candidates are shared by its
sentences, so they are what all of its sentences found, each object once with its best score.

Photos and sentences go one by one: padding beside a larger photo or a longer sentence would change
boxes, and the boxes of a photo must not depend on the photos beside it.
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

READS_TEXT = frozenset({"grounding-dino", "mm-grounding-dino", "owlv2", "owlvit"})
OVERLAP = 0.7  # IoU from which a box is taken for one that another query found better
NO_NAME = "N/A"  # what DETR's checkpoints call COCO's unused numbers


class TransformersProposer:
    """Proposes what a detector of transformers finds, best first."""

    name = "transformers"

    def __init__(self, folder: Path, *, confidence: float, device: str = "cpu") -> None:
        """Load a detector from safetensors; nothing of the folder is run, nothing is fetched.

        Args:
            folder: What `save_pretrained` of a model and of its processor wrote.
            confidence: Boxes must score above it.
            device: Where the model runs, as torch names it.

        Raises:
            BadInputError: If it holds no detector of a known kind.
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
        """Return the detections of each photo, cut to it.

        Raises:
            BadInputError: If the detector looks for sentences, and not every photo comes with some.
        """
        if self.reads_text and len(sentences) != len(photos):
            raise BadInputError("this detector looks for sentences, and was given none")
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
        return list(self._spelled(inside, scores, labels, best_first))

    @torch.inference_mode()
    def _detect(
        self, picture: NDArray[np.uint8], query: str | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return boxes (N, 4) in pixels, scores (N,) and numbers of categories (N,)."""
        image = Image.fromarray(picture)
        if query is None:
            inputs = self._processor(images=image, return_tensors="pt")
            finish = self._processor.post_process_object_detection
        else:
            inputs = self._processor(
                images=image,
                text=[query],  # in a list: Grounding DINO's then lowers case and adds a full stop
                truncation=True,
                max_length=getattr(self._model.config, "max_text_len", None),
                return_tensors="pt",
            )
            finish = self._processor.post_process_grounded_object_detection
        outputs = self._model(**inputs.to(self._device))
        (found,) = finish(outputs, threshold=self._confidence, target_sizes=[picture.shape[:2]])
        boxes, scores = found["boxes"].cpu(), found["scores"].cpu()
        # A sentence is no category: what was found for it has none.
        labels = found["labels"].cpu() if query is None else torch.full((len(scores),), -1)
        return boxes, scores, labels

    def _spelled(
        self, corners: Boxes, scores: torch.Tensor, labels: torch.Tensor, which: torch.Tensor
    ) -> Iterator[Proposal]:
        names = self._model.config.id2label
        for place in which.tolist():
            left, top, right, bottom = corners[place].tolist()
            name = str(names.get(int(labels[place]), ""))
            category = "" if name == NO_NAME else name
            yield Proposal((left, top, right, bottom), float(scores[place]), category, self.name)


def _ranked(corners: Boxes, scores: torch.Tensor) -> torch.Tensor:
    """Return positions of the boxes that can be seen, best first, equals in their order."""
    order = scores.argsort(descending=True, stable=True)
    return order[torch.from_numpy(areas(corners) > 0)[order]]


def _load(folder: Path) -> tuple[bool, Any, Any]:
    """Return whether the detector reads text, the model, and what prepares its input."""
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
        problem = "expected a detector of transformers: config, safetensors weights and processor"
        raise BadInputError(f"{problem}: {fault}", file=folder) from fault
    check_complete(report["missing_keys"], folder)
    return reads_text, model, processor


def _reads_text(config: Any, folder: Path) -> bool:  # noqa: ANN401 - of any family
    if config.model_type in READS_TEXT:
        return True
    if type(config) in MODEL_FOR_OBJECT_DETECTION_MAPPING:
        return False
    problem = "expected a detector such as DETR, RT-DETR, OWLv2 or Grounding DINO"
    raise BadInputError(f"{problem}, not a model of the kind {config.model_type!r}", file=folder)
