"""The registry of box predictors and their options, without loading PyTorch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vg_mc.models.box_predictors.options import HeadOptions

if TYPE_CHECKING:
    from vg_mc.models.box_predictors.protocol import BoxHead
    from vg_mc.models.loading import Encoder

MeanBox = tuple[float, ...]  # cxcywh as fractions of the input's side


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A box predictor that can be selected by name.

    Attributes:
        name: The value of ``--predictor``.
        build: Builds the head for an encoder, which it may modify.
        least_expressions: Smallest number of expressions per forward pass in training; 2 with batch
            norm over expressions.
        published: Whether input and targets are those of the published code: boxes in whole pixels
            and its scales of images.
    """

    name: str
    build: Callable[["Encoder", HeadOptions, MeanBox], "BoxHead"]
    least_expressions: int = 1
    published: bool = False


def _mlp(encoder: "Encoder", _: HeadOptions, mean_box: MeanBox) -> "BoxHead":
    from vg_mc.models.box_predictors.mlp import MlpHead

    return MlpHead(encoder, mean_box)


def _mlp_published(encoder: "Encoder", _: HeadOptions, __: MeanBox) -> "BoxHead":
    from vg_mc.models.box_predictors.mlp import PublishedMlpHead

    return PublishedMlpHead(encoder)


def _hrnet(encoder: "Encoder", options: HeadOptions, mean_box: MeanBox) -> "BoxHead":
    from vg_mc.models.box_predictors.hrnet import HrnetHead

    return HrnetHead(encoder, options.hrnet, mean_box)


def _clip_vg(encoder: "Encoder", options: HeadOptions, mean_box: MeanBox) -> "BoxHead":
    from vg_mc.models.box_predictors.clip_vg import ClipVgHead

    return ClipVgHead(encoder, options.clip_vg, mean_box)


def _clip_vg_published(encoder: "Encoder", options: HeadOptions, _: MeanBox) -> "BoxHead":
    from vg_mc.models.box_predictors.clip_vg import published_clip_vg

    return published_clip_vg(encoder, options.clip_vg)


PREDICTORS = {
    one.name: one
    for one in (
        Registration(name="mlp", build=_mlp),
        Registration(name="mlp-published", build=_mlp_published),
        Registration(name="hrnet", build=_hrnet, least_expressions=2),
        Registration(name="clip-vg", build=_clip_vg),
        Registration(name="clip-vg-published", build=_clip_vg_published, published=True),
    )
}

PREDICTOR_HELP = (
    f"Train a box predictor, which needs whole images and no candidates: {', '.join(PREDICTORS)}. "
    "By default, train multiple choice."
)
