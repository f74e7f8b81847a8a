"""Candidates are those that a preparation would draw, and boxes that were given stay in order."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.proposers.choice import ProposerChoice, united
from vg_mc.proposers.kinds.stored import DeclaredDetections
from vg_mc.proposers.on_demand import given, proposed
from vg_mc.records import Photo, Proposal

PHOTO = Photo(7, "street_7.jpg", 40, 30)
IMAGE = Image.new("RGB", (40, 30))
GIVEN = ProposerChoice("given")


def test_given_boxes_stay_in_their_order():
    boxes = [(1.0, 2.0, 9.0, 9.0), (0.0, 0.0, 80.0, 80.0), (1.0, 2.0, 9.0, 9.0)]

    assert [proposal.box for proposal in given(np.array(boxes), PHOTO, GIVEN)] == boxes


@pytest.mark.parametrize(
    "box", [(5, 5, 5, 9), (9, 9, 2, 2), (50, 0, 60, 9), (np.nan, 0, 4, 4)], ids=str
)
def test_a_box_that_covers_nothing_is_named(box):
    with refused(record="box 1"):
        given([(0, 0, 4, 4), box], PHOTO, GIVEN)


def test_boxes_have_four_numbers():
    with refused("4", "1", "3"):
        given([(1, 2, 3)], PHOTO, GIVEN)


@pytest.mark.filterwarnings("ignore:.*by the number in its name")
@pytest.mark.parametrize("key", [{"image_id": 7}, {"file_name": "street_7.jpg"}], ids=str)
def test_stored_detections_are_found_by_id_or_by_name(tmp_path, key):
    file = tmp_path / "stored.json"
    weak = key | {"bbox": [1, 1, 5, 5], "score": 0.1}
    file.write_text(json.dumps([key | {"bbox": [2, 3, 10, 12], "score": 0.9}, weak]))

    other = Photo(8, "street_8.jpg", 40, 30)
    found = proposed([(PHOTO, IMAGE), (other, IMAGE)], ProposerChoice("stored", file))

    assert [[proposal.box for proposal in row] for row in found] == [[(2, 3, 12, 15)], []]


def test_a_detector_is_asked_and_its_boxes_are_chosen_as_in_a_preparation(monkeypatch, tmp_path):
    class Detector:
        def propose(self, photos, pixels, sentences):  # noqa: ARG002
            assert [array.shape for array in pixels] == [(30, 40, 3)]
            scores = [0.3, 0.9, 0.1]
            return [[Proposal((0, 0, 5, 5 + s), s, "", "yolo") for s in scores] for _ in photos]

    monkeypatch.setattr("vg_mc.proposers.building.build_proposer", lambda _: Detector())

    (found,) = proposed(
        [(PHOTO, IMAGE)], ProposerChoice("yolo", tmp_path / "weights.pt"), [["red", "blue"]]
    )

    assert [proposal.score for proposal in found] == [0.9, 0.3]


def test_a_union_gives_what_all_its_members_find_and_the_first_named_stays(tmp_path):
    def file_with(name, *boxes):
        rows = [{"file_name": PHOTO.file_name, "bbox": list(box), "score": 0.5} for box in boxes]
        (tmp_path / name).write_text(json.dumps(rows))
        return tmp_path / name

    members = (
        ProposerChoice("stored", file_with("first.json", (0, 0, 10, 10)), nms=0.7),
        ProposerChoice("stored", file_with("second.json", (0, 0, 10, 11), (20, 5, 9, 9)), nms=0.7),
    )

    (found,) = proposed([(PHOTO, IMAGE)], united(members))

    assert [proposal.box for proposal in found] == [(0, 0, 10, 10), (20, 5, 29, 14)]


BOXES = [(20, 30, 100, 90), (150, 40, 250, 160), (60, 170, 180, 230)]
SCENE = Photo(0, "p1.jpg", 320, 240)
SIDES = [[20, 30, 80, 60], [150, 40, 100, 120], [60, 170, 120, 60]]
CENTERS = [[60, 60, 80, 60], [200, 100, 100, 120], [120, 200, 120, 60]]


def results(folder, boxes, images=range(8), key="image_id"):
    rows = [
        {key: image if key == "image_id" else f"p{image}.jpg", "bbox": list(box),
         "score": 0.9 - place / 10, "category_id": 3}
        for image in images
        for place, box in enumerate(boxes)
    ]  # fmt: skip
    (folder / "results.json").write_text(json.dumps(rows))
    return ProposerChoice("stored", folder / "results.json")


def boxes_of(choice, photo=SCENE):
    return [one.box for one in proposed([(photo, Image.new("RGB", (320, 240)))], choice)[0]]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("boxes", "order"), [(BOXES, "xyxy"), (CENTERS, "cxcywh")])
def test_one_image_of_a_file_with_other_boxes_stops_until_they_are_declared(boxes, order, tmp_path):
    choice = results(tmp_path, boxes)

    with refused("results.json", "--proposals-format", order):
        boxes_of(choice)
    assert boxes_of(replace(choice, options=DeclaredDetections(DeclaredBoxes(order)))) == BOXES


@pytest.mark.filterwarnings("ignore")
def test_corners_that_could_be_sides_in_the_only_image_of_known_size_are_not_drawn(tmp_path):
    inside_either_way = [(20, 30, 100, 90), (10, 20, 110, 60), (5, 5, 60, 70)]
    choice = results(tmp_path, inside_either_way)

    with refused("24", "--proposals-format"):
        boxes_of(choice)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("unit", ["unit", "percent", "per-mille"])
def test_fractions_of_the_image_are_read_where_they_are_declared(unit, tmp_path):
    side = {"unit": 1, "percent": 100, "per-mille": 1000}[unit]
    fractions = np.array(BOXES) / [320, 240, 320, 240] * side
    choice = results(tmp_path, fractions.tolist())

    found = boxes_of(replace(choice, options=DeclaredDetections(DeclaredBoxes("xyxy", unit))))

    np.testing.assert_allclose(found, BOXES)


def test_what_is_inferred_about_an_image_is_noted(tmp_path):
    with (
        pytest.warns(UserWarning, match=r"image 1 .* p1\.jpg"),
        pytest.warns(UserWarning, match="category ids 3"),
    ):
        assert boxes_of(results(tmp_path, SIDES)) == BOXES


@pytest.mark.filterwarnings("ignore:.*category ids")
def test_an_image_without_any_detection_in_the_file_is_noted(tmp_path):
    choice = results(tmp_path, SIDES, images=[5], key="file_name")

    with pytest.warns(UserWarning, match=r"p1\.jpg.*p5\.jpg"):
        assert boxes_of(choice) == []


def test_images_of_the_same_name_get_the_same_detections(tmp_path):
    choice = results(tmp_path, SIDES, images=[1], key="file_name")
    wider = Photo(0, "p1.jpg", 400, 300)
    pictures = [Image.new("RGB", (320, 240)), Image.new("RGB", (400, 300))]

    with pytest.warns(UserWarning, match="category ids"):
        found = proposed(list(zip([SCENE, wider], pictures, strict=True)), choice)

    assert [[one.box for one in many] for many in found] == [BOXES, BOXES]
