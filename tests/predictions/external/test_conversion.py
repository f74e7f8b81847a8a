"""Boxes are converted as declared; all boxes of a file are only used to check the declaration."""

from pathlib import Path

import numpy as np
import pytest

from tests.refusals import refused
from vg_mc.boxes.conventions import SIDE_OF_UNIT
from vg_mc.predictions.external.conversion import Resized, converted
from vg_mc.text.replies import RepliedBox

COUNT = 200


@pytest.fixture
def sizes():
    return np.random.default_rng(0).integers(300, 641, (COUNT, 2)).astype(np.float64)


@pytest.fixture
def corners(sizes):
    """Draw boxes anywhere in their images, xyxy in pixels."""
    shares = np.sort(np.random.default_rng(1).uniform(size=(COUNT, 2, 2)), axis=1)
    return shares.reshape(COUNT, 4) * np.tile(sizes, 2)


def boxes_of(numbers, order="xyxy", unit="pixels"):
    return [RepliedBox(tuple(row), order, unit, "numbers") for row in numbers.tolist()]


def convert(boxes, sizes, resized=None, origin="top-left"):
    return converted(
        boxes, sizes, np.arange(len(boxes)), resized=resized or Resized(), origin=origin,
        file=Path("answers.json"),
    )  # fmt: skip


@pytest.mark.parametrize("unit", [*SIDE_OF_UNIT, "pixels"])
@pytest.mark.parametrize("order", ["xyxy", "xywh", "cxcywh", "yxyx"])
@pytest.mark.parametrize("origin", ["top-left", "bottom-left"])
def test_every_declared_convention_is_undone(corners, sizes, unit, order, origin):
    left, top, right, bottom = corners.T
    if origin == "bottom-left":
        top, bottom = sizes[:, 1] - bottom, sizes[:, 1] - top
    numbers = np.stack({
        "xyxy": [left, top, right, bottom],
        "yxyx": [top, left, bottom, right],
        "xywh": [left, top, right - left, bottom - top],
        "cxcywh": [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top],
    }[order], axis=1)  # fmt: skip
    sides = np.tile(sizes[:, ::-1] if order == "yxyx" else sizes, 2)
    numbers = numbers if unit == "pixels" else numbers / sides * SIDE_OF_UNIT[unit]

    conversion = convert(boxes_of(numbers, order, unit), sizes, origin=origin)

    np.testing.assert_allclose(conversion.corners, corners, atol=1e-9)
    assert conversion.remarks == []


@pytest.mark.parametrize(
    ("resized", "seen"),
    [
        (Resized(multiple=28), lambda size: max(28, round(size / 28) * 28)),
        (Resized(size=(336, 336)), lambda _: 336),
    ],
)
def test_pixels_of_resized_images_are_scaled_back(corners, sizes, resized, seen):
    ratio = np.vectorize(seen)(sizes) / sizes

    conversion = convert(boxes_of(corners * np.tile(ratio, 2)), sizes, resized)

    np.testing.assert_allclose(conversion.corners, corners, atol=1e-9)


def test_fractions_do_not_depend_on_the_resized_image(corners, sizes):
    numbers = corners / np.tile(sizes, 2)

    conversion = convert(boxes_of(numbers, unit="unit"), sizes, Resized(size=(336, 336)))

    np.testing.assert_allclose(conversion.corners, corners, atol=1e-9)


def test_an_unknown_unit_is_asked_for_with_those_that_fit(corners, sizes):
    with refused("--boxes", "pixels", file="answers.json") as error:
        convert(boxes_of(corners, unit=None), sizes)

    assert "percent" not in error.value.problem


@pytest.mark.parametrize(
    ("scale", "declared", "fitting"),
    [(1000, "pixels", "per-mille"), (1000, "percent", "per-mille"), (100, "unit", "percent")],
)
def test_a_contradicted_unit_is_refused_with_those_that_fit(
    corners, sizes, scale, declared, fitting
):
    numbers = corners / np.tile(sizes, 2) * scale

    with refused(fitting, "--boxes"):
        convert(boxes_of(numbers, unit=declared), sizes)


@pytest.mark.parametrize(("scale", "declared"), [(100, "per-mille"), (1, "percent")])
def test_boxes_near_a_corner_are_remarked_on(corners, sizes, scale, declared):
    numbers = corners / np.tile(sizes, 2) * scale

    (remark,) = convert(boxes_of(numbers, unit=declared), sizes).remarks

    assert {100: "percent", 1: "unit"}[scale] in remark


def test_a_poor_model_is_no_reason_to_refuse(corners, sizes):
    corners[: COUNT // 10] += 500

    conversion = convert(boxes_of(corners), sizes)

    assert conversion.corners.tolist() == corners.tolist()
    assert f"{COUNT // 10} of {COUNT}" in conversion.remarks[0]


def test_zeros_in_place_of_a_box_are_no_evidence(corners, sizes):
    corners[: COUNT // 2] = 0

    assert convert(boxes_of(corners), sizes).remarks == []


def test_no_boxes_are_converted_to_none():
    assert convert([], np.empty((0, 2))).corners.shape == (0, 4)
