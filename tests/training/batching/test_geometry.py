"""Random crops contain a target, and all draws depend on their key only."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.training.batching.geometry import PUBLISHED_SHARES, GeometryOptions, draw_placement

sizes = st.tuples(st.integers(1, 300), st.integers(1, 300))
fractions = st.tuples(*[st.floats(0, 1)] * 4)


def target_in(size, numbers):
    """Return a box in an image; its corners may touch the border."""
    across, down = sorted(numbers[:2]), sorted(numbers[2:])
    width, height = size
    return [across[0] * width, down[0] * height, across[1] * width, down[1] * height]


def drawn(size, targets, key=(0, 0, 7), *, mirrored=False, published=False, **options):
    return draw_placement(
        size,
        as_boxes(targets),
        GeometryOptions(**options),
        side=64,
        fit="letterbox",
        mirrored=mirrored,
        key=key,
        published=published,
    )


@given(sizes, fractions, st.integers(0, 99))
def test_a_crop_contains_the_target_and_lies_in_the_image(size, numbers, image_id):
    target = target_in(size, numbers)

    window = drawn(size, [target], key=(0, 0, image_id), crop=1.0).window

    left, top, right, bottom = target
    assert 0 <= window.left <= left
    assert 0 <= window.top <= top
    assert right <= window.right <= max(size[0], window.left + 1)
    assert bottom <= window.bottom <= max(size[1], window.top + 1)


@given(sizes, fractions, st.booleans(), st.integers(0, 99))
def test_boxes_come_back_from_the_input(size, numbers, mirrored, image_id):
    boxes = as_boxes([target_in(size, numbers)])
    placement = drawn(
        size,
        boxes,
        key=(0, 0, image_id),
        mirrored=mirrored,
        crop=1.0,
        smallest_scale=0.3,
        translate=True,
    )

    for transform in (placement.whole, placement.cropped):
        geometry = transform.geometry(size)
        assert np.allclose(geometry.backward(geometry.forward(boxes)), boxes, atol=1e-9)


def test_without_options_nothing_varies():
    placements = [drawn((60, 40), [[1, 2, 3, 4]], key=(0, epoch, 7)) for epoch in range(5)]

    assert all(one == placements[0] for one in placements)
    assert placements[0].window is None
    assert placements[0].whole.geometry((60, 40)).content == (0, 10, 64, 53)


def test_draws_depend_on_seed_epoch_and_image():
    options = {"crop": 0.5, "smallest_scale": 0.2, "translate": True}
    keys = [(seed, epoch, image) for seed in (0, 1) for epoch in (0, 1) for image in (0, 1)]

    once, again = ([drawn((60, 40), [[1, 2, 3, 4]], key=k, **options) for k in keys] for _ in "12")

    assert once == again
    assert len({str(one) for one in once}) == len(keys)


def test_scales_and_positions_stay_in_the_input():
    for image_id in range(30):
        options = {"smallest_scale": 0.25, "translate": True}
        placement = drawn((60, 40), [], key=(0, 0, image_id), **options)
        left, top, right, bottom = placement.whole.geometry((60, 40)).content
        assert 0 <= left < right <= 64
        assert 0 <= top < bottom <= 64
        assert 16 <= right - left <= 64


def test_published_scales_are_seven_sides():
    options = {"smallest_scale": 0.5, "published": True}
    sides = {
        drawn((70, 70), [], key=(0, 0, image), **options).whole.geometry((70, 70)).content[2:]
        for image in range(99)
    }

    assert len(sides) == 7
    assert [round(224 * share) for share in PUBLISHED_SHARES] == [224, 192, 160, 128, 96, 64, 32]


def test_without_a_target_there_is_no_crop():
    assert drawn((60, 40), [], crop=1.0).window is None
