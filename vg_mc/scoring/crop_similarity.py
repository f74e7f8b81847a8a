"""Semantic similarity of answers, computed from crops of the images by one encoder for all systems.

The crop of the answer is compared with the crop of the target and with the expression. Unlike
`region_similarity`, this applies to any kind of answers and compares systems by the same features.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.boxes.transforms import Size, fit_photo
from vg_mc.images.regions import covered_pixels
from vg_mc.metrics.similarity import SemanticSimilarity, semantic_similarity
from vg_mc.models.dual_encoder import DualEncoder
from vg_mc.models.features.extraction import TextFeatures
from vg_mc.models.similarity import in_evaluation_mode
from vg_mc.predictions import Predictions, outcomes
from vg_mc.records import XYXY
from vg_mc.system.processes import Processes
from vg_mc.system.progress import progress_bar

Features = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Region = tuple[int, XYXY]  # an image id and a box in pixels of the source image


@dataclass
class CropSimilarity:
    """Computes similarities; equal regions and texts of several systems are encoded once.

    Attributes:
        processes: Defines the device and the precision of the forward pass.
        encoder: The model, on that device.
        batch_size: Crops or texts per forward pass.
        image_of: Returns an RGB image by its id, in any resolution.
    """

    processes: Processes
    encoder: DualEncoder
    batch_size: int
    image_of: Callable[[int], Image.Image]
    _known: dict[Region, Features] = field(default_factory=dict)
    _texts: TextFeatures = field(init=False)

    def __post_init__(self) -> None:
        self._texts = TextFeatures(self.processes, self.encoder, self.batch_size)

    def of(self, predictions: Predictions) -> SemanticSimilarity:
        """Return the similarities of B answers; NaN without an answer."""
        examples = predictions.examples
        chosen = _regions(predictions, outcomes(predictions).boxes)
        targets = _regions(predictions, examples.targets)
        self._encode([*chosen, *targets], _sizes(predictions))
        sentences = self._texts.vectors(examples.texts) if examples.texts else np.empty((0, 1))
        return semantic_similarity(
            self._features(chosen, sentences.shape[1]),
            self._features(targets, sentences.shape[1]),
            sentences,
        )

    def _encode(self, regions: list[Region | None], sizes: dict[int, Size]) -> None:
        """Encode the regions that are not known yet, image by image."""
        fresh = sorted({region for region in regions if region is not None} - self._known.keys())
        crops = self._crops(fresh, sizes)
        with torch.no_grad(), self.processes.autocast(), in_evaluation_mode(self.encoder):
            for start in progress_bar(
                range(0, len(fresh), self.batch_size), description="encoding crops", leave=False
            ):
                batch = fresh[start : start + self.batch_size]
                pixels = torch.from_numpy(np.stack([next(crops) for _ in batch]))
                features = self.encoder.encode_images(
                    pixels.permute(0, 3, 1, 2).to(self.processes.device)
                )
                self._known |= zip(batch, features.float().cpu().numpy(), strict=True)

    def _crops(self, regions: list[Region], sizes: dict[int, Size]) -> Iterator[Pixels]:
        """Yield square crops (H, W, 3) of sorted regions; each image is decoded once."""
        for image_id, here in groupby(regions, key=lambda region: region[0]):
            image = self.image_of(image_id)
            factors = np.tile(np.array(image.size) / sizes[image_id], 2)
            for _, box in here:
                left, top, right, bottom = (np.array(box) * factors).tolist()
                crop = image.crop(covered_pixels((left, top, right, bottom), *image.size))
                yield np.asarray(fit_photo(crop, self.encoder.image_size, "letterbox"))

    def _features(self, regions: list[Region | None], size: int) -> Features:
        """Return features (B, D), with rows of NaN where there is no region."""
        nothing = np.full(size, np.nan, np.float32)
        rows = [nothing if one is None else self._known[one] for one in regions]
        return np.stack(rows) if rows else np.empty((0, size), np.float32)


def _regions(predictions: Predictions, boxes: Boxes) -> list[Region | None]:
    """Return the region of each box (B, 4), None for a row of NaN."""
    image_ids = predictions.examples.image_ids.tolist()
    return [
        None if np.isnan(left) else (image_id, (left, top, right, bottom))
        for image_id, (left, top, right, bottom) in zip(image_ids, boxes.tolist(), strict=True)
    ]


def _sizes(predictions: Predictions) -> dict[int, Size]:
    examples = predictions.examples
    sizes = [(width, height) for width, height in examples.image_sizes.tolist()]
    return dict(zip(examples.image_ids.tolist(), sizes, strict=True))
