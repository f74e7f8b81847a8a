"""The predictors ``mlp`` and ``mlp-published``: a perceptron over pooled features.

Pooled features hardly tell where something is, so this is a weak baseline. The published head
(https://github.com/adnanit035/CLIP-VisualGrounding) regresses corners without an output activation
from unnormalised features. Ours adds the product and the difference of normalised features, and
regresses center and sides between 0 and 1.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from vg_mc.models.box_predictors.layers import perceptron, start_at_box, xyxy_to_cxcywh
from vg_mc.models.box_predictors.probing import pooled_width
from vg_mc.models.box_predictors.protocol import BoxInputs, BoxPrediction, Features
from vg_mc.models.dual_encoder import TokenBatch

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder

LAST_HIDDEN = 128


class MlpHead(nn.Module):
    """Regresses the box from both features, their product and their difference."""

    backbone = None
    feature_definition = "pooled, normalised"

    def __init__(self, encoder: "Encoder", mean_box: tuple[float, ...]) -> None:
        """Create the layers for the features of `encoder`."""
        super().__init__()
        width = pooled_width(encoder)
        self.layers = perceptron(4 * width, width, width // 2, LAST_HIDDEN, 4)
        start_at_box(self.layers[-1], mean_box)

    def image_features(self, encoder: "Encoder", images: Tensor) -> Features:
        """Return pooled features (N, D), normalised."""
        return (encoder.encode_images(images),)

    def text_features(self, encoder: "Encoder", tokens: TokenBatch) -> Tensor:
        """Return pooled features (U, D), normalised."""
        return encoder.encode_texts(tokens)

    def forward(self, images: Features, texts: Tensor, inputs: BoxInputs) -> BoxPrediction:
        """Return boxes (B, 4)."""
        scale = texts.shape[1] ** 0.5  # of unit vectors, to values of about 1
        image = images[0][inputs.image_index] * scale
        text = texts[inputs.text_index] * scale
        joined = torch.cat([image, text, image * text, (image - text).abs()], dim=1)
        return BoxPrediction(torch.sigmoid(self.layers(joined)))


class PublishedMlpHead(nn.Module):
    """Regresses corners from the concatenated features, as the published head."""

    backbone = None
    feature_definition = "pooled"

    def __init__(self, encoder: "Encoder") -> None:
        """Create the layers for the features of `encoder`."""
        super().__init__()
        width = pooled_width(encoder)
        self.layers = perceptron(2 * width, width, width // 2, LAST_HIDDEN, 4)

    def image_features(self, encoder: "Encoder", images: Tensor) -> Features:
        """Return pooled features (N, D), not normalised."""
        return (encoder.embed_images(images),)

    def text_features(self, encoder: "Encoder", tokens: TokenBatch) -> Tensor:
        """Return pooled features (U, D), not normalised."""
        return encoder.embed_texts(tokens)

    def forward(self, images: Features, texts: Tensor, inputs: BoxInputs) -> BoxPrediction:
        """Return boxes (B, 4); they may lie outside of the image or have negative sides."""
        joined = torch.cat([images[0][inputs.image_index], texts[inputs.text_index]], dim=1)
        return BoxPrediction(xyxy_to_cxcywh(self.layers(joined)))
