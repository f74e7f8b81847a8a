"""Filters start as orthogonal cosines, and positions as a grid of sines and cosines."""

import pytest
import torch

from vg_mc.models.initialization import (
    cosine_filters,
    grid_positions,
    initialize_patches,
    initialize_stem,
)


@pytest.mark.parametrize(("count", "side"), [(8, 3), (27, 3), (96, 8), (192, 8)])
def test_cosine_filters_are_orthogonal(count, side):
    flat = cosine_filters(count, side).flatten(1)

    products = flat @ flat.T
    torch.testing.assert_close(products, torch.diag(products.diag()), rtol=0, atol=1e-4)


def test_the_first_filters_are_mean_brightness_and_mean_colours():
    flat = cosine_filters(3, 4).mean(dim=(2, 3))
    image = cosine_filters(48, 4)[3:]

    torch.testing.assert_close(flat[0], flat[0, :1].expand(3))
    torch.testing.assert_close(flat[1:].sum(dim=1), torch.zeros(2))
    torch.testing.assert_close(image.mean(dim=(2, 3)), torch.zeros(45, 3), rtol=0, atol=1e-6)


def test_more_filters_than_values_are_refused():
    with pytest.raises(ValueError, match="27"):
        cosine_filters(28, 3)


def test_patches_of_natural_spectrum_have_features_of_similar_size():
    """Amplitudes that fall as one over the frequency; random filters see the lowest alone."""
    torch.manual_seed(0)
    amplitudes = cosine_filters(192, 8).flatten(1).norm(dim=1)
    basis = cosine_filters(192, 8).flatten(1) / amplitudes[:, None]
    patches = (torch.randn(4096, 192) / amplitudes) @ basis
    cosines, random = torch.empty(96, 3, 8, 8), torch.randn(96, 3, 8, 8)
    initialize_patches(cosines)

    spread = [torch.linalg.svdvals(patches @ filters.flatten(1).T) for filters in (cosines, random)]

    assert spread[0][0] / spread[0][-1] < 2
    assert spread[1][0] / spread[1][-1] > 5


def test_a_stem_keeps_the_size_of_its_weights():
    filters = 0.1 * torch.randn(8, 3, 3, 3)
    size = filters.std()

    initialize_stem(filters)

    assert filters.std().item() == pytest.approx(size.item())


def test_positions_are_as_similar_as_they_are_near():
    grid = grid_positions(8, 96).reshape(8, 8, -1)

    right = (grid[:, 1:] * grid[:, :-1]).sum(dim=2)
    down = (grid[1:] * grid[:-1]).sum(dim=2)
    far = (grid[:, 4:] * grid[:, :-4]).sum(dim=2)
    torch.testing.assert_close(right, right[:1, :1].expand_as(right))
    torch.testing.assert_close(down, right.T)
    assert far.max() < right.min()
