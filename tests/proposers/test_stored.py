import json

import pytest

from vg_mc.faults import BadInputError
from vg_mc.proposers.stored import StoredProposer
from vg_mc.records import Photo, Proposal

PHOTO = Photo(5, "", 100, 80)


@pytest.fixture
def stored(tmp_path):
    def write(detections, confidence=0.25):
        file = tmp_path / "dets.json"
        file.write_text(json.dumps(detections))
        return StoredProposer(file, confidence=confidence)

    return write


def detection(box, score=0.5, **fields):
    return {
        "det_id": 7,
        "h5_id": 0,
        "image_id": 5,
        "box": box,
        "score": score,
        "category_id": 18,
        "category_name": "dog",
    } | fields


def test_the_extra_pixel_of_each_side_is_taken_back(stored):
    proposals = stored([detection([10, 20, 31, 11])]).propose([PHOTO], [])

    assert proposals == [[Proposal((10, 20, 40, 30), 0.5, "dog", "stored")]]


def test_best_comes_first_and_ties_keep_their_order(stored):
    scores = [0.3, 0.9, 0.3, 0.9]
    detections = [detection([place, 0, 5, 5], score) for place, score in enumerate(scores)]

    proposals = stored(detections).propose([PHOTO], [])[0]

    assert [proposal.box[0] for proposal in proposals] == [1, 3, 0, 2]


def test_only_confident_detections_of_the_photo_are_proposed(stored):
    detections = [
        detection([0, 0, 5, 5], 0.24),
        detection([1, 0, 5, 5], 0.25),
        detection([2, 0, 5, 5], image_id=6),
    ]

    proposals = stored(detections).propose([PHOTO, Photo(8, "", 9, 9)], [])

    assert [[proposal.box[0] for proposal in each] for each in proposals] == [[1], []]


def test_boxes_are_cut_to_the_photo_and_dropped_outside(stored):
    detections = [detection([90, 70, 31, 31]), detection([-9, -9, 5, 5]), detection([100, 0, 5, 5])]

    proposals = stored(detections).propose([PHOTO], [])[0]

    assert [proposal.box for proposal in proposals] == [(90, 70, 100, 80)]


def test_a_category_without_name_is_empty(stored):
    proposals = stored([detection([0, 0, 5, 5], category_name=None)]).propose([PHOTO], [])

    assert proposals[0][0].category == ""


BAD = [
    ({"box": [0, 0, 5]}, "4 finite numbers as box"),
    ({"box": [0, 0, 5, float("nan")]}, "4 finite numbers as box"),
    ({"box": [0, 0, 1, 5]}, "a width and a height above 1"),
    ({"box": [0, 0, 5, -3]}, "a width and a height above 1"),
    ({"score": 1.5}, "a score from 0 to 1"),
    ({"score": None}, "a finite number as score"),
    ({"image_id": "5"}, "a whole number as image_id"),
]


@pytest.mark.parametrize(("fields", "message"), BAD)
def test_a_bad_detection_is_named(fields, message, stored):
    good = detection([0, 0, 5, 5])

    with pytest.raises(BadInputError, match=rf"dets\.json, detection 1, det_id 7: .*{message}"):
        stored([good, good | fields])


@pytest.mark.parametrize("content", [{"dets": []}, 3, None])
def test_another_format_is_refused(content, stored):
    with pytest.raises(BadInputError, match="expected a list of detections"):
        stored(content)


def test_what_is_no_detection_is_refused(stored):
    with pytest.raises(
        BadInputError, match=r"detection 0, record 0 without det_id: .*named fields"
    ):
        stored([None])


def test_real_detections_are_read(shared):
    file = shared / "data" / "refcoco_mini" / "yolo26m_dets.json"

    proposals = StoredProposer(file, confidence=0.05).propose([Photo(9, "", 640, 480)], [])[0]

    first = proposals[0]
    assert first.category == "bowl"
    assert first.box == pytest.approx((309.93, 0.49, 309.93 + 320.7, 0.49 + 238.15))
