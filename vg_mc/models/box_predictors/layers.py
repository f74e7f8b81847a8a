"""Layers and tensor functions that several heads use."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vg_mc.records import XYXY

Size = tuple[int, int]  # height, width

CENTER_HALF: XYXY = (0.5, 0.5, 0.5, 0.5)  # cxcywh of a box in the middle, half as wide and high
ROUNDING = 1e-4  # of shares in float32
NEAREST_TO_BORDER = 1e-3  # of a mean box, whose logit is finite


def perceptron(*widths: int) -> nn.Sequential:
    """Return linear layers from one width to the next, with ReLU between them."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@torch.no_grad()
def start_at_box(last: nn.Module, box: tuple[float, ...]) -> None:
    """Set a last linear layer so that its sigmoid is `box` for any input.

    The first epoch then starts from the error of the mean box.
    """
    if not isinstance(last, nn.Linear):
        raise TypeError(f"expected a linear layer, got {type(last).__name__}")
    last.weight.zero_()
    inner = torch.tensor(box).clamp(NEAREST_TO_BORDER, 1 - NEAREST_TO_BORDER)
    last.bias.copy_(inner.logit())


def cxcywh_to_xyxy(boxes: Tensor) -> Tensor:
    """Convert centers and sides (..., 4) to corners."""
    centers, sides = boxes[..., :2], boxes[..., 2:]
    return torch.cat([centers - sides / 2, centers + sides / 2], dim=-1)


def xyxy_to_cxcywh(boxes: Tensor) -> Tensor:
    """Convert corners (..., 4) to centers and sides."""
    starts, ends = boxes[..., :2], boxes[..., 2:]
    return torch.cat([(starts + ends) / 2, ends - starts], dim=-1)


def resampled(
    maps: Tensor,  # (N, C, h, w)
    size: Size,
) -> Tensor:
    """Return feature maps on another grid: the mean over finer cells, or coarser ones repeated."""
    if tuple(maps.shape[2:]) == size:
        return maps
    if maps.shape[2] > size[0]:
        return F.adaptive_avg_pool2d(maps, size)
    return F.interpolate(maps, size=size)


def padded_cells(
    content: Tensor,  # (N, 4), xyxy as fractions of the side
    grid: Size,
) -> Tensor:
    """Return which cells of a grid are padding by more than half of their area, (N, h * w)."""
    rows = _shown(content[:, 1], content[:, 3], grid[0])
    columns = _shown(content[:, 0], content[:, 2], grid[1])
    shown = rows[:, :, None] * columns[:, None, :]
    return (shown < 0.5 - ROUNDING).flatten(1)


def _shown(start: Tensor, end: Tensor, cells: int) -> Tensor:
    """Return the share of each cell of an axis that shows the image, (N, cells)."""
    edges = torch.arange(cells + 1, device=start.device) / cells
    inside = torch.minimum(end[:, None], edges[1:]) - torch.maximum(start[:, None], edges[:-1])
    return inside.clamp(min=0) * cells


def cell_centers(grid: Size, device: torch.device) -> Tensor:
    """Return the centers of the cells of a grid as fractions of the side, (h * w, 2) as x, y."""
    rows = (torch.arange(grid[0], device=device) + 0.5) / grid[0]
    columns = (torch.arange(grid[1], device=device) + 0.5) / grid[1]
    return torch.stack([columns.repeat(grid[0]), rows.repeat_interleave(grid[1])], dim=1)
