"""Losses of predicted boxes: of their coordinates, and of their overlap with the target.

Coordinates are center and sides as fractions of the input's side. Losses are per expression, so
that parts of a batch can be weighted and summed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from vg_mc.system.options import ABOVE_0, AT_LEAST_0

if TYPE_CHECKING:
    from torch import Tensor

LEAST_LOG = -30.0  # log-probability of cells of padding, which is minus infinity
SMALLEST_AREA = 1e-12  # of a union or hull, as a fraction of the input; avoids a division by zero


@dataclass(frozen=True, slots=True)
class BoxLossOptions:
    """The loss of a box predictor."""

    box_loss: Literal["l1", "mse", "smooth-l1", "huber"] = "l1"
    """Loss of center and sides, as fractions of the input's side, summed over the four."""

    loss_delta: Annotated[float, ABOVE_0] = 0.1
    """Difference up to which smooth-l1 and huber are quadratic; with 1, huber is half of mse."""

    box_loss_weight: Annotated[float, AT_LEAST_0] = 5.0
    """Weight of the loss of center and sides."""

    iou_loss: Literal["giou", "iou", "none"] = "giou"
    """Loss of the overlap with the target: 1 minus the generalized IoU or the IoU, or none."""

    iou_loss_weight: Annotated[float, AT_LEAST_0] = 2.0
    """Weight of the loss of the overlap."""

    pointing_loss_weight: Annotated[float, AT_LEAST_0] = 1.0
    """Of the predictor clip-vg: weight of a loss of the probability of cells outside the target."""


def box_losses(
    boxes: "Tensor",  # (B, 4), cxcywh
    targets: "Tensor",  # (B, 4), cxcywh
    options: BoxLossOptions,
) -> "Tensor":
    """Return the loss (B,) of each expression."""
    losses = options.box_loss_weight * coordinate_losses(boxes, targets, options)
    if options.iou_loss != "none":
        overlap = ious(boxes, targets, generalized=options.iou_loss == "giou")
        losses = losses + options.iou_loss_weight * (1 - overlap)
    return losses


def pointing_losses(
    cells: "Tensor",  # (B, h, w), log-probabilities
    targets: "Tensor",  # (B, 4), cxcywh
) -> "Tensor":
    """Return minus the log-probability (B,) of the cells whose centers lie in the target.

    For a target between centers it is that of the cell that contains the center of the target.
    """
    import torch

    height, width = cells.shape[1:]
    rows = _inside(targets[:, 1], targets[:, 3], height)
    columns = _inside(targets[:, 0], targets[:, 2], width)
    meant = rows[:, :, None] & columns[:, None, :]
    likely = cells.clamp(min=LEAST_LOG)  # a target may be in a cell that is mostly padding
    return -likely.masked_fill(~meant, -torch.inf).flatten(1).logsumexp(dim=1)


def _inside(centers: "Tensor", sides: "Tensor", cells: int) -> "Tensor":  # (B,) to (B, cells)
    import torch

    places = torch.arange(cells, device=centers.device)
    distances = ((places + 0.5) / cells - centers[:, None]).abs()
    nearest = (centers * cells).long().clamp(0, cells - 1)
    return (distances <= sides[:, None] / 2) | (places == nearest[:, None])


def coordinate_losses(boxes: "Tensor", targets: "Tensor", options: BoxLossOptions) -> "Tensor":
    """Return the loss (B,) of center and sides, summed over the four numbers."""
    from torch.nn import functional as F

    if options.box_loss == "l1":
        losses = F.l1_loss(boxes, targets, reduction="none")
    elif options.box_loss == "mse":
        losses = F.mse_loss(boxes, targets, reduction="none")
    elif options.box_loss == "smooth-l1":
        losses = F.smooth_l1_loss(boxes, targets, reduction="none", beta=options.loss_delta)
    else:
        losses = F.huber_loss(boxes, targets, reduction="none", delta=options.loss_delta)
    return losses.sum(dim=1)


def ious(boxes: "Tensor", targets: "Tensor", *, generalized: bool = False) -> "Tensor":
    """Return the IoU, or the generalized IoU, of each pair of boxes (B, 4) as cxcywh.

    Boxes without area or with negative sides have an IoU of 0.
    """
    import torch

    from vg_mc.models.box_predictors.layers import cxcywh_to_xyxy

    one, other = cxcywh_to_xyxy(boxes), cxcywh_to_xyxy(targets)
    starts = torch.maximum(one[:, :2], other[:, :2])
    ends = torch.minimum(one[:, 2:], other[:, 2:])
    overlap = _areas(ends - starts)
    union = _areas(boxes[:, 2:]) + _areas(targets[:, 2:]) - overlap
    values = overlap / union.clamp(min=SMALLEST_AREA)
    if generalized:
        first = torch.minimum(one[:, :2], other[:, :2])
        last = torch.maximum(one[:, 2:], other[:, 2:])
        hull = _areas(last - first)
        values = values - (hull - union) / hull.clamp(min=SMALLEST_AREA)
    return values


def _areas(sides: "Tensor") -> "Tensor":  # (B, 2) to (B,)
    positive = sides.clamp(min=0)
    return positive[:, 0] * positive[:, 1]
