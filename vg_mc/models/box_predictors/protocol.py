"""Inputs and interface of box predictors.

Shapes: N images, U distinct texts, B expressions. Each image and each text is encoded once, however
many expressions they belong to.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from vg_mc.boxes.transforms import Fit
from vg_mc.models.box_predictors.options import HeadOptions
from vg_mc.models.dual_encoder import TokenBatch

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder


Features = tuple[Tensor, ...]  # of N images, each (N, ...)


class BoxInputs(NamedTuple):
    """B expressions about N images, with U distinct texts."""

    images: Tensor  # (N, 3, S, S) uint8
    content: Tensor  # (N, 4) part that shows the image, xyxy as fractions of S; the rest is padding
    tokens: TokenBatch  # U texts
    image_index: Tensor  # (B,)
    text_index: Tensor  # (B,)
    features: tuple[Features, Tensor] | None = None  # of images and texts; images have no pixels

    def to(self, device: torch.device) -> "BoxInputs":
        """Return the inputs on a device."""
        return BoxInputs(
            images=self.images.to(device, non_blocking=True),
            content=self.content.to(device, non_blocking=True),
            tokens=TokenBatch(*(each.to(device, non_blocking=True) for each in self.tokens)),
            image_index=self.image_index.to(device, non_blocking=True),
            text_index=self.text_index.to(device, non_blocking=True),
            features=None if self.features is None else _moved(self.features, device),
        )


def _moved(features: tuple[Features, Tensor], device: torch.device) -> tuple[Features, Tensor]:
    images, texts = features
    moved = tuple(each.to(device, non_blocking=True) for each in images)
    return moved, texts.to(device, non_blocking=True)


class BoxPrediction(NamedTuple):
    """Boxes of B expressions."""

    boxes: Tensor  # (B, 4), cxcywh as fractions of S
    cells: Tensor | None = None  # (B, h, w) log-probabilities of cells, of heads that point at one


class BoxHead(Protocol):
    """The part of a box predictor that follows the encoder. Implementations are ``nn.Module``.

    Features are separate from `__call__`, so that those of frozen encoders can be computed once.
    """

    @property
    def backbone(self) -> nn.Module | None:
        """A pretrained image tower beside the encoder, or None."""

    @property
    def feature_definition(self) -> str:
        """What `image_features` and `text_features` compute, part of the key of cached features."""

    def image_features(self, encoder: "Encoder", images: Tensor) -> Features:
        """Return features of uint8 images (N, 3, S, S), tensors (N, ...)."""

    def text_features(self, encoder: "Encoder", tokens: TokenBatch) -> Tensor:
        """Return features of texts (U, ...); those of tokens are (U, T, D)."""

    def __call__(self, images: Features, texts: Tensor, inputs: BoxInputs) -> BoxPrediction:
        """Predict the boxes.

        Args:
            images: Result of `image_features`.
            texts: Result of `text_features`.
            inputs: The inputs that the features belong to.
        """


@dataclass(frozen=True, slots=True)
class PredictorSettings:
    """What defines a box predictor besides its encoder and weights.

    Attributes:
        predictor: Name in the registry.
        heads: Options of heads.
        fit: How images become square inputs.
        whole_images: Longer side of the stored images that it was trained on, in pixels.
    """

    predictor: str
    heads: HeadOptions
    fit: Fit
    whole_images: int


class BoxPredictor(nn.Module):
    """A dual encoder with the head of a box predictor.

    Attributes:
        definition: What is needed to build the head again, and to prepare its inputs.
    """

    def __init__(self, encoder: "Encoder", head: BoxHead, definition: PredictorSettings) -> None:
        """Combine both; the weights of `encoder` are shared, not copied."""
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.definition = definition

    def settings(self) -> dict[str, Any]:
        """Return everything besides weights and inputs that the boxes depend on."""
        return {"encoder": self.encoder.settings(), **asdict(self.definition)}

    def forward(self, inputs: BoxInputs) -> BoxPrediction:
        """Predict the boxes, in float32."""
        images, texts = inputs.features or self._features(inputs)
        boxes, cells = self.head(images, texts, inputs)
        return BoxPrediction(boxes.float(), None if cells is None else cells.float())

    def _features(self, inputs: BoxInputs) -> tuple[Features, Tensor]:
        images = self.head.image_features(self.encoder, inputs.images)
        return images, self.head.text_features(self.encoder, inputs.tokens)
