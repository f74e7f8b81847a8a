"""The predictor ``hrnet``: CLIP and an HRNet, joined by convolutions.

It follows the seven steps of a course report on CLIP RN50 with HRNet: features of CLIP are reduced
to 128 channels and spread over the grid of HRNet's stride 16, whose map is reduced to 64 channels;
three convolutions and three linear layers lead to the box. A 1x1 convolution of a vector commutes
with spreading it, so it is applied first.
"""

from typing import TYPE_CHECKING

import timm
import torch
from torch import Tensor, nn

from vg_mc.errors import BadInputError
from vg_mc.models.box_predictors.layers import perceptron, resampled, start_at_box
from vg_mc.models.box_predictors.options import HrnetOptions
from vg_mc.models.box_predictors.probing import black_image, pooled_width, sample_tokens
from vg_mc.models.box_predictors.protocol import BoxInputs, BoxPrediction, Features
from vg_mc.models.dual_encoder import TokenBatch
from vg_mc.models.preprocessing import IMAGENET_MEAN, IMAGENET_STD, PictureNormalizer
from vg_mc.models.similarity import in_evaluation_mode
from vg_mc.models.tokens import ClipTokens

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder

STREAM, REDUCED, JOINT = 128, 64, 256  # channels of a stream of CLIP, of HRNet's map, and of both
STRIDE_16 = 3  # index of HRNet's map with 512 channels


class HrnetHead(nn.Module):
    """Regresses the box from a feature map of HRNet and features of CLIP."""

    def __init__(
        self, encoder: "Encoder", options: HrnetOptions, mean_box: tuple[float, ...]
    ) -> None:
        """Create HRNet and the layers for the features of `encoder`.

        Raises:
            BadInputError: If timm has no HRNet of this name.
        """
        super().__init__()
        self.normalize = PictureNormalizer(encoder.image_size, IMAGENET_MEAN, IMAGENET_STD)
        self.backbone: nn.Module = _open_backbone(options.hrnet)
        self.layer = 0 if options.clip_map == "pooled" else middle_layer(encoder)
        self.feature_definition = f"layer {self.layer} and {options.hrnet.partition('.')[0]}"
        channels, grid = self._shape(encoder)
        width = pooled_width(encoder)
        image_width = (
            sample_tokens(encoder, [self.layer])[0].tokens.shape[2] if self.layer else width
        )
        self.image_stream = Stream(image_width, STREAM)
        self.text_stream = Stream(width, STREAM)
        self.map_stream = Stream(channels, REDUCED)
        self.joint = nn.Sequential(
            nn.Dropout2d(options.head_dropout),
            *_convolution(2 * STREAM + REDUCED, JOINT, 3, stride=2, padding=1),
            *_convolution(JOINT, JOINT, 3, stride=2, padding=1),
            *_convolution(JOINT, JOINT, -(-grid // 4)),
            nn.Dropout(options.head_dropout),
            nn.Flatten(),
        )
        self.box = perceptron(JOINT, JOINT // 2, JOINT // 4, 4)
        start_at_box(self.box[-1], mean_box)

    @torch.no_grad()
    def _shape(self, encoder: "Encoder") -> tuple[int, int]:
        """Return channels and side of HRNet's map."""
        with in_evaluation_mode(self.backbone):
            features = self._map(black_image(encoder))
        return features.shape[1], features.shape[2]

    def _map(self, images: Tensor) -> Tensor:
        features: Tensor = self.backbone(self.normalize(images))[0]
        return features

    def image_features(self, encoder: "Encoder", images: Tensor) -> Features:
        """Return features of CLIP (N, W, h, w) and HRNet's map (N, 512, H, W)."""
        if self.layer:
            clip = ClipTokens(encoder).image_tokens(images, [self.layer])[0].feature_map
        else:
            clip = encoder.encode_images(images)[:, :, None, None]
        return clip, self._map(images)

    def text_features(self, encoder: "Encoder", tokens: TokenBatch) -> Tensor:
        """Return pooled features (U, D, 1, 1), normalised."""
        return encoder.encode_texts(tokens)[:, :, None, None]

    def forward(self, images: Features, texts: Tensor, inputs: BoxInputs) -> BoxPrediction:
        """Return boxes (B, 4)."""
        clip, grid_map = images
        size = (grid_map.shape[2], grid_map.shape[3])
        streams = [
            resampled(self.image_stream(clip, inputs.image_index), size),
            resampled(self.text_stream(texts, inputs.text_index), size),
            self.map_stream(grid_map, inputs.image_index),
        ]
        return BoxPrediction(torch.sigmoid(self.box(self.joint(torch.cat(streams, dim=1)))))


class Stream(nn.Module):
    """A 1x1 convolution of distinct inputs, then batch norm and ReLU of the rows of a batch.

    Batch norm comes after the selection of rows: its statistics are those of expressions, however
    many of them share an input.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(before, after, 1, bias=False)
        self.norm = nn.BatchNorm2d(after)

    def forward(self, features: Tensor, index: Tensor) -> Tensor:
        """Return maps (B, C, h, w) of features (N, C', h, w), row ``index[b]`` for each b."""
        return torch.relu(self.norm(self.reduce(features)[index]))


def middle_layer(encoder: "Encoder") -> int:
    """Return the layer at three quarters of the image tower."""
    return max(1, round(0.75 * ClipTokens(encoder).layer_count))


def _convolution(
    before: int, after: int, kernel: int, *, stride: int = 1, padding: int = 0
) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, kernel, stride, padding, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU()]


def _open_backbone(name: str) -> nn.Module:
    """Return an HRNet that returns its map of stride 16; weights are loaded if `name` says so."""
    pretrained = "." in name
    try:
        backbone: nn.Module = timm.create_model(
            name, features_only=True, out_indices=(STRIDE_16,), pretrained=pretrained
        )
    except (RuntimeError, OSError, ValueError, AttributeError, TypeError) as error:
        known = ", ".join(timm.list_models("hrnet*"))
        problem = f"timm cannot load {name}: {error}; its HRNets are {known}"
        raise BadInputError(problem, record="--hrnet") from error
    return backbone
