"""Colours have the names that people would give them."""

import numpy as np
import pytest

from vg_mc.images.colors import colour_names, main_colour


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((220, 30, 30), "red"),
        ((220, 20, 50), "red"),
        ((250, 140, 20), "orange"),
        ((120, 70, 30), "brown"),
        ((240, 230, 40), "yellow"),
        ((40, 160, 50), "green"),
        ((40, 60, 200), "blue"),
        ((110, 30, 200), "purple"),
        ((250, 110, 190), "pink"),
        ((240, 240, 235), "white"),
        ((128, 128, 128), "gray"),
        ((20, 20, 30), "black"),
    ],
)
def test_a_colour_has_its_usual_name(rgb, name):
    assert colour_names(np.array([[rgb]], np.uint8)).tolist() == [[name]]


def test_the_middle_half_decides():
    pixels = np.full((8, 8, 3), (30, 30, 220), np.uint8)
    pixels[2:6, 2:6] = (220, 30, 30)

    assert main_colour(pixels) == "red"


def test_a_single_pixel_has_a_colour_and_ties_go_by_the_alphabet():
    assert main_colour(np.full((1, 1, 3), 255, np.uint8)) == "white"
    halves = np.full((4, 4, 3), 255, np.uint8)
    halves[:, :2] = 0
    assert main_colour(halves) == "black"
