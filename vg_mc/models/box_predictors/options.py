"""Options of box predictors. This module does not load PyTorch, since ``--help`` reads it."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from vg_mc.system.options import AT_LEAST_1, BELOW_1

ClipMap = Literal["pooled", "layer3"]


@dataclass(frozen=True, slots=True)
class HrnetOptions:
    """Options of the predictor hrnet."""

    hrnet: str = "hrnet_w18_small_v2"
    """Name of an HRNet in timm: hrnet_w18 has random weights, hrnet_w18.ms_aug_in1k the published
    ones of the hub."""

    clip_map: ClipMap = "layer3"
    """Image features of CLIP: the pooled vector, or the feature map at three quarters of the tower,
    which is layer3 of a ResNet."""

    head_dropout: Annotated[float, BELOW_1] = 0.1
    """Dropout of the predictor hrnet."""


@dataclass(frozen=True, slots=True)
class ClipVgOptions:
    """Options of the predictors clip-vg and clip-vg-published."""

    fusion_layers: Annotated[int, AT_LEAST_1] = 6
    """Layers of the transformer encoder that joins the tokens of image and text."""

    fusion_width: Annotated[int, AT_LEAST_1] = 512
    """Width of its tokens; 768 in the published model with ViT-L/14."""

    fusion_heads: Annotated[int, AT_LEAST_1] = 8
    """Attention heads of its layers."""

    fusion_dropout: Annotated[float, BELOW_1] = 0.1
    """Dropout of its layers."""


@dataclass(frozen=True, slots=True)
class HeadOptions:
    """Options of the heads of box predictors."""

    hrnet: HrnetOptions = field(default_factory=HrnetOptions)
    clip_vg: ClipVgOptions = field(default_factory=ClipVgOptions)
