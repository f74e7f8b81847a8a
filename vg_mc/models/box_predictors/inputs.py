"""Inputs of box predictors from the whole images of a prepared dataset."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.boxes.transforms import FITS, Geometry, Transform
from vg_mc.errors import BadInputError
from vg_mc.models.box_predictors.cached_features import CachedFeatures, no_pixels
from vg_mc.models.box_predictors.protocol import BoxInputs, BoxPredictor
from vg_mc.models.dual_encoder import TokenBatch, distinct_texts
from vg_mc.prepared.dataset import Expressions, PreparedDataset

Ids = NDArray[np.int64]


def stored_geometry(dataset: PreparedDataset, size: tuple[int, int]) -> Geometry:
    """Return the geometry from a source image of `size` to the stored whole image.

    Raises:
        BadInputError: If the dataset was prepared without whole images.
    """
    if dataset.whole_images is None:
        problem = "expected a dataset with whole images; prepare it with --whole-images"
        raise BadInputError(problem, file=dataset.folder)
    return dataset.whole_images.geometry(size)


def geometry_of(dataset: PreparedDataset, size: tuple[int, int], transform: Transform) -> Geometry:
    """Return the geometry from a source image of `size` to the input of a model.

    Args:
        dataset: A dataset with whole images.
        size: Width and height of the source image.
        transform: From the stored whole image to the input.

    Raises:
        BadInputError: If the dataset was prepared without whole images.
    """
    stored = stored_geometry(dataset, size)
    return stored.then(transform.geometry(stored.size))


def input_pixels(images: Sequence[Image.Image]) -> Tensor:
    """Return images of one size as uint8 (N, 3, S, S), channels last in memory."""
    return torch.from_numpy(np.stack([np.asarray(one) for one in images])).permute(0, 3, 1, 2)


def contents(geometries: Sequence[Geometry]) -> Tensor:
    """Return the parts of the inputs that show images, (N, 4) as fractions of the side."""
    return torch.tensor([one.content for one in geometries]) / geometries[0].size[0]


@dataclass(frozen=True)
class Frame:
    """Conversion of boxes between a source image and the input of a model."""

    geometry: Geometry

    def to_input(self, boxes: Boxes) -> Boxes:
        """Return xyxy boxes of the source image as visible cxcywh in fractions of the input."""
        corners = self.geometry.visible(boxes) / self.geometry.size[0]
        starts, ends = corners[:, :2], corners[:, 2:]
        return np.concatenate([(starts + ends) / 2, ends - starts], axis=1)

    def to_source(self, boxes: Boxes) -> Boxes:
        """Return cxcywh boxes of the input as xyxy in pixels of the source image, ordered."""
        centers, halves = boxes[:, :2], np.abs(boxes[:, 2:]) / 2
        corners = np.concatenate([centers - halves, centers + halves], axis=1)
        left, top, right, bottom = self.geometry.content
        inside = np.clip(corners * self.geometry.size[0], [left, top] * 2, [right, bottom] * 2)
        return self.geometry.backward(inside)


class InputReader(Dataset[tuple[BoxInputs, list[Frame]]]):
    """Decodes and tokenizes the inputs of a batch of expressions, in the workers of a loader."""

    def __init__(
        self,
        dataset: PreparedDataset,
        expressions: Expressions,
        model: BoxPredictor,
        features: CachedFeatures | None = None,
    ) -> None:
        """Read inputs as `model` needs them, with `features` instead of pixels if there are any."""
        self.dataset = dataset
        self.expressions = expressions
        self.photos = dataset.photos()
        self.transform = FITS[model.definition.fit](model.encoder.image_size)
        self.tokenize = model.encoder.tokenize
        self.features = features

    def __getitem__(self, rows: Ids) -> tuple[BoxInputs, list[Frame]]:
        image_ids, index = np.unique(self.expressions.image_ids[rows], return_inverse=True)
        photos = [self.photos[image_id] for image_id in image_ids.tolist()]
        geometries = [
            geometry_of(self.dataset, (one.width, one.height), self.transform) for one in photos
        ]
        inputs = assembled(
            image_ids.tolist(),
            geometries,
            torch.from_numpy(index),
            [self.expressions.texts[row] for row in rows],
            lambda: [self.transform.apply(one) for one in self.dataset.images(image_ids)],
            tokenize=self.tokenize,
            features=self.features,
        )
        return inputs, [Frame(one) for one in geometries]


def assembled(
    image_ids: Sequence[int],
    geometries: Sequence[Geometry],
    image_index: Tensor,  # (B,)
    texts: Sequence[str],
    images: Callable[[], Sequence[Image.Image]],
    *,
    tokenize: Callable[[list[str]], TokenBatch],
    features: CachedFeatures | None,
) -> BoxInputs:
    """Return the inputs of B expressions about N images.

    Args:
        image_ids: Ids of the N images.
        geometries: From each source image to the input.
        image_index: The image of each expression.
        texts: The B texts; equal ones are tokenized once.
        images: Returns the N input images; not called if there are `features`.
        tokenize: The tokenizer of the model.
        features: Features that replace the pixels.
    """
    tokens, text_index = distinct_texts(texts, tokenize)
    return BoxInputs(
        images=no_pixels(len(image_ids)) if features else input_pixels(images()),
        content=contents(geometries),
        tokens=tokens,
        image_index=image_index,
        text_index=text_index,
        features=features.of_batch(image_ids, texts, tokens) if features else None,
    )
