"""Starting points of small vision towers that are trained on little data.

The first layer of a random tower sees little more than mean colours: neighbouring pixels are so
alike that random filters hardly differ in what they measure. Cosines of rising frequency measure
different things, and together keep all of a patch. Positions in a ViT start on a grid.
"""

import math

import torch
from torch import Tensor

PATCH_SCALE = 0.15  # features of patches are about as large as those of transformers' own start
POSITION_SCALE = 0.3
LONGEST_WAVE = 100  # of positions, in 2 pi places
COLOUR_GAINS = (1.0, 1.5, 1.5)  # brightness varies more than the two differences of colours


@torch.no_grad()
def initialize_patches(
    filters: Tensor,  # (D, 3, side, side)
) -> None:
    """Set patch filters to cosines in random rotation, so that all channels are alike.

    Natural images have less of a high frequency. Filters are scaled up by it, so that features
    vary about equally in all directions.
    """
    count, _, side, _ = filters.shape
    rotation = torch.nn.init.orthogonal_(torch.empty(count, count))
    cosines = cosine_filters(count, side)
    filters.copy_(PATCH_SCALE * torch.einsum("ij,jchw->ichw", rotation, cosines))


@torch.no_grad()
def initialize_positions(
    positions: Tensor,  # (1 + side ** 2, D), the class token first
) -> None:
    """Set the embeddings of a square of positions to sines and cosines of column and row."""
    side = math.isqrt(len(positions) - 1)
    positions.zero_()
    positions[1:] = POSITION_SCALE * grid_positions(side, positions.shape[1])


@torch.no_grad()
def initialize_stem(
    filters: Tensor,  # (D, 3, side, side)
) -> None:
    """Set the filters of a first convolution to cosines; their mean size stays the same."""
    cosines = cosine_filters(len(filters), filters.shape[2])
    filters.copy_(cosines * filters.std() / cosines.std())


def cosine_filters(count: int, side: int) -> Tensor:
    """Return the lowest cosines of a patch, scaled by their frequency.

    Returns:
        Filters (count, 3, side, side), orthogonal to each other.

    Raises:
        ValueError: If a patch has fewer values than filters.
    """
    if count > 3 * side**2:
        raise ValueError(f"expected at most {3 * side**2} filters for a side of {side}")
    pixels = torch.arange(side) + 0.5
    waves = torch.stack([torch.cos(math.pi * pixels * wave / side) for wave in range(side)])
    waves = waves / waves.norm(dim=1, keepdim=True)  # (side, side)
    colours = torch.tensor([[1.0, 1.0, 1.0], [1.0, -1.0, 0.0], [1.0, 1.0, -2.0]])
    colours = colours / colours.norm(dim=1, keepdim=True)
    filters = [
        gain
        * math.sqrt(1 + across**2 + down**2)
        * colour[:, None, None]
        * (waves[down][:, None] * waves[across])
        for across, down in _lowest_frequencies(side)
        for colour, gain in zip(colours, COLOUR_GAINS, strict=True)
    ]
    return torch.stack(filters[:count])


def _lowest_frequencies(side: int) -> list[tuple[int, int]]:
    """Return pairs of half waves across and down a patch, the lowest first."""
    pairs = [(across, down) for across in range(side) for down in range(side)]
    return sorted(pairs, key=lambda pair: (pair[0] ** 2 + pair[1] ** 2, pair))


def grid_positions(side: int, width: int) -> Tensor:
    """Return sines and cosines of the column and the row of each place, (side ** 2, width)."""
    row, column = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    waves = LONGEST_WAVE ** -(torch.arange(width // 4) / (width // 4))
    angles = [place.reshape(-1, 1) * waves for place in (column, row)]
    return torch.cat([wave for each in angles for wave in (each.sin(), each.cos())], dim=1)
