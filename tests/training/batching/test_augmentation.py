"""An image is changed as a whole: its candidates differ in the marker alone, as before."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as tv

from vg_mc.training.batching.augmentation import Variation, draw_variation, varied

PICTURES = np.random.default_rng(0).integers(0, 256, size=(3, 4, 5, 3), dtype=np.uint8)
SAME = Variation(mirrored=False, brightness=1, contrast=1, saturation=1)


def keys(count):
    return [[0, epoch, image_id] for epoch in range(2) for image_id in range(count // 2)]


def test_nothing_asked_is_nothing_done():
    assert {draw_variation(0, 0, key) for key in keys(50)} == {SAME}
    assert np.array_equal(varied(PICTURES, SAME), PICTURES)


@pytest.mark.parametrize("flip", [0.0, 0.3, 1.0])
def test_as_many_images_are_mirrored_as_asked(flip):
    drawn = [draw_variation(flip, 0, key).mirrored for key in keys(2000)]

    assert np.mean(drawn) == pytest.approx(flip, abs=0.04)


@given(jitter=st.floats(0, 1), seed=st.integers(0, 99))
def test_factors_stay_within_the_jitter_and_follow_from_the_key(jitter, seed):
    variation = draw_variation(0.5, jitter, [seed, 3, 4])

    assert all(abs(factor - 1) <= jitter + 1e-9 for factor in variation[1:])
    assert variation == draw_variation(0.5, jitter, [seed, 3, 4])


def test_one_flag_does_not_move_the_draws_of_the_other():
    for key in keys(20):
        assert draw_variation(0.5, 0, key).mirrored == draw_variation(0.5, 0.4, key).mirrored
        assert draw_variation(0, 0.4, key)[1:] == draw_variation(0.9, 0.4, key)[1:]


def test_a_mirror_turns_left_into_right_and_twice_into_left():
    mirror = SAME._replace(mirrored=True)

    assert varied(PICTURES, mirror)[1, 2, 0].tolist() == PICTURES[1, 2, 4].tolist()
    assert np.array_equal(varied(varied(PICTURES, mirror), mirror), PICTURES)


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.3])
@pytest.mark.parametrize("name", ["brightness", "saturation"])
def test_colors_change_as_those_of_torchvision(name, factor):
    ours = varied(PICTURES, SAME._replace(**{name: factor}))

    planes = torch.from_numpy(PICTURES).permute(0, 3, 1, 2)
    theirs = getattr(tv, f"adjust_{name}")(planes, factor).permute(0, 2, 3, 1).numpy()
    assert np.abs(ours.astype(int) - theirs).max() <= 1  # they cut off where we round


def test_contrast_is_around_a_medium_grey_whatever_is_in_the_picture():
    greys = np.array([0, 100, 155, 255], dtype=np.uint8).repeat(3).reshape(1, 1, 4, 3)

    assert varied(greys, SAME._replace(contrast=0.5))[0, 0, :, 0].tolist() == [64, 114, 141, 191]
    assert varied(greys, SAME._replace(contrast=2.0))[0, 0, :, 0].tolist() == [0, 72, 182, 255]


def test_a_picture_is_changed_alike_in_whatever_company():
    variation = Variation(mirrored=True, brightness=0.8, contrast=1.2, saturation=0.7)

    alone = np.concatenate([varied(PICTURES[row : row + 1], variation) for row in range(3)])

    assert np.array_equal(alone, varied(PICTURES, variation))
