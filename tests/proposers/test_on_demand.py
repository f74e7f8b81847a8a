"""Candidates are those that a preparation would draw, and boxes that were given stay in order."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.proposers.choice import ProposerChoice, united
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
        rows = [{"image_id": 7, "bbox": list(box), "score": 0.5} for box in boxes]
        (tmp_path / name).write_text(json.dumps(rows))
        return tmp_path / name

    members = (
        ProposerChoice("stored", file_with("first.json", (0, 0, 10, 10)), nms=0.7),
        ProposerChoice("stored", file_with("second.json", (0, 0, 10, 11), (20, 5, 9, 9)), nms=0.7),
    )

    (found,) = proposed([(PHOTO, IMAGE)], united(members))

    assert [proposal.box for proposal in found] == [(0, 0, 10, 10), (20, 5, 29, 14)]
