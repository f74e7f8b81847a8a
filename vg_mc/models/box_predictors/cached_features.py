"""Features of frozen towers, read from a cache in place of images.

Features are stored as float32, so that training from them equals training from images up to the
rounding of another batch size. The rows of a cache are flattened features; their shapes come from
`sample_shapes`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vg_mc.models.box_predictors.probing import TEXTS, black_image, context_length
from vg_mc.models.box_predictors.protocol import BoxPredictor, Features
from vg_mc.models.dual_encoder import TokenBatch
from vg_mc.models.features.cache import RowCache
from vg_mc.models.similarity import in_evaluation_mode


@dataclass(frozen=True, slots=True)
class FeatureShapes:
    """Shapes of the features of one image and of one text.

    Attributes:
        images: Shape of each tensor of an image.
        texts: Shape of a text, of its tokens (T, D) with T the largest number of tokens.
    """

    images: tuple[torch.Size, ...]
    texts: torch.Size

    @property
    def of_tokens(self) -> bool:
        """Whether a text has features of each token."""
        return len(self.texts) == 2


@torch.no_grad()
def sample_shapes(model: BoxPredictor, device: torch.device) -> FeatureShapes:
    """Return the shapes of features, from a black image and a short text."""
    encoder, head = model.encoder, model.head
    with in_evaluation_mode(model):
        images = head.image_features(encoder, black_image(encoder).to(device))
        texts = head.text_features(encoder, encoder.tokenize(TEXTS))
    shape = texts.shape[1:]
    if texts.ndim == 3:
        shape = torch.Size([context_length(encoder), shape[1]])
    return FeatureShapes(tuple(each.shape[1:] for each in images), shape)


@dataclass(frozen=True, slots=True)
class CachedFeatures:
    """The features of a dataset's images and texts, on disk.

    Attributes:
        images: Rows by image id.
        texts: Rows by text key.
        text_keys: The key of each text.
        shapes: Shapes of the features.
    """

    images: RowCache
    texts: RowCache
    text_keys: Mapping[str, int]
    shapes: FeatureShapes

    def of_batch(
        self, image_ids: Sequence[int], texts: Sequence[str], tokens: TokenBatch
    ) -> tuple[Features, Tensor]:
        """Return the features of N images, tensors (N, ...), and of U texts, (U, ...).

        Args:
            image_ids: Ids of the images.
            texts: Texts of B expressions; U of them are distinct.
            tokens: The distinct texts in the order of their first occurrence.
        """
        distinct = list(dict.fromkeys(texts))
        return self._of_images(image_ids), self._of_texts(distinct, tokens.token_ids.shape[1])

    def _of_images(self, image_ids: Sequence[int]) -> Features:
        rows = torch.from_numpy(self.images.rows(np.array(image_ids, np.int64)))
        shapes = self.shapes.images
        parts = torch.split(rows, [shape.numel() for shape in shapes], dim=1)
        return tuple(part.reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True))

    def _of_texts(self, texts: Sequence[str], token_count: int) -> Tensor:
        keys = np.array([self.text_keys[text] for text in texts], np.int64)
        rows = torch.from_numpy(self.texts.rows(keys)).reshape(-1, *self.shapes.texts)
        return rows[:, :token_count] if self.shapes.of_tokens else rows


def no_pixels(count: int) -> Tensor:
    """Return images without pixels (N, 3, 0, 0), for inputs with features."""
    return torch.empty(count, 3, 0, 0, dtype=torch.uint8)
