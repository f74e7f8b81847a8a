"""All boxes of a file are checked together against the convention that its layout declares."""

import json

import numpy as np
import pytest

from tests.refusals import refused
from vg_mc.boxes.conventions import ORDERS, SIDE_OF_UNIT, UNITS
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.proposers.placing import cut_to_photos
from vg_mc.proposers.stored import read_detections
from vg_mc.records import Photo

PHOTOS = [Photo(number, f"{number}.jpg", 640, 480) for number in range(1, 9)]
CORNERS = [(20, 30, 140, 120), (300, 80, 500, 320), (120, 340, 360, 460)]


def spelled(order, unit, seed=None):
    """Return boxes of 8 images in a convention, the same in each or random ones."""
    boxes = np.array(CORNERS * 8, dtype=float)
    if seed is not None:
        random = np.random.default_rng(seed)
        ends = np.sort(random.uniform(0, 1, (24, 2, 2)), axis=1) * [640, 480]
        boxes = ends.reshape(24, 4) + np.array([0, 0, 1, 1])
    corners = boxes
    if unit != "pixels":
        boxes = boxes / [640, 480, 640, 480] * SIDE_OF_UNIT[unit]
    left, top, right, bottom = boxes.T
    numbers = {
        "xyxy": [left, top, right, bottom],
        "xywh": [left, top, right - left, bottom - top],
        "cxcywh": [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top],
        "yxyx": [top, left, bottom, right],
    }[order]
    return np.array(numbers).T, np.clip(corners, 0, [640, 480, 640, 480])


def placed(folder, numbers, field="bbox", photos=PHOTOS, **declared):
    rows = [{"image_id": 1 + place // 3, field: list(box), "score": 0.9 - place % 3 / 10}
            for place, box in enumerate(numbers.tolist())]  # fmt: skip
    (folder / "results.json").write_text(json.dumps(rows))
    declaration = DeclaredBoxes(**declared)
    stored = read_detections(folder / "results.json", skip_bad=False, declared=declaration)
    return cut_to_photos(stored, photos, photos)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_other_boxes_than_those_of_the_layout_stop_and_are_read_where_declared(
    order, unit, seed, tmp_path
):
    numbers, corners = spelled(order, unit, seed)

    found = placed(tmp_path, numbers, order=order, unit=unit).by_image

    boxes = [one.box for many in found.values() for one in many]
    np.testing.assert_allclose(boxes, corners, atol=1e-6)
    if (order, unit) != ("xywh", "pixels"):
        with refused("--proposals-format", file="results.json"):
            placed(tmp_path, numbers)


def test_the_message_names_what_fits(tmp_path):
    for order, unit in (("xyxy", "pixels"), ("cxcywh", "pixels"), ("xyxy", "percent")):
        with refused(f"--proposals-format {order} --proposals-unit {unit}", "xywh in pixels"):
            placed(tmp_path, spelled(order, unit)[0])


@pytest.mark.parametrize("field", ["bbox", "box"])
def test_what_fits_as_declared_is_not_replaced_by_another_reading(field, tmp_path):
    centers, _ = spelled("cxcywh", "pixels")
    inside_either_way = centers[::3]  # one box per image, none of which exceeds it as sides

    found = placed(tmp_path, inside_either_way, field).by_image

    surplus = field == "box"
    assert found[1][0].box == (80, 75, 80 + 120 - surplus, 75 + 90 - surplus)


def test_boxes_of_images_of_another_size_are_refused_without_a_hint_that_would_be_wrong(tmp_path):
    numbers = spelled("xywh", "pixels")[0]
    half = [Photo(one.image_id, one.file_name, 320, 240) for one in PHOTOS]

    with refused("67%", "another size", file="results.json"):
        placed(tmp_path, numbers, photos=half)


def test_a_declaration_that_does_not_fit_is_refused_with_what_does(tmp_path):
    with refused("cxcywh in pixels", "xywh"):
        placed(tmp_path, spelled("xywh", "pixels")[0], order="cxcywh")


def test_the_order_of_named_edges_cannot_be_declared_otherwise(tmp_path):
    edges = dict(zip(("xmin", "ymin", "xmax", "ymax"), CORNERS[0], strict=True))
    file = tmp_path / "pipeline.json"
    file.write_text(json.dumps([{"image_id": 1, "box": edges, "score": 1, "label": "cat"}]))

    with refused("xmin", "xywh", record="--proposals-format"):
        read_detections(file, skip_bad=False, declared=DeclaredBoxes("xywh"))


def test_sides_in_a_layout_of_corners_are_named_before_single_boxes(tmp_path):
    rows = {"a.jpg": {"boxes": spelled("xywh", "pixels")[0].tolist(), "scores": [0.5] * 24}}
    file = tmp_path / "torchvision.json"
    file.write_text(json.dumps(rows))

    with refused("16 of 24", "xywh", "--proposals-format", file="torchvision.json"):
        read_detections(file, skip_bad=True)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_small_boxes_in_pixels_are_right_and_fractions_are_not(count, tmp_path):
    small = np.array([[4.0, 3.0, 9.0, 5.0], [8.0, 9.0, 5.0, 6.0], [30.0, 20.0, 8.0, 9.0]][:count])

    assert len(placed(tmp_path, small).by_image[1]) == count
    with refused("--proposals-unit unit"):
        placed(tmp_path, small / 40)
