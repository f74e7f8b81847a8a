import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.proposers.detection_table import write_detections
from vg_mc.proposers.placing import cut_to_photos
from vg_mc.proposers.stored import read_detections
from vg_mc.records import Photo, Proposal

PHOTO = Photo(5, "", 100, 80)


@pytest.fixture
def read(tmp_path):
    def read(content, *, skip_bad=False):
        file = tmp_path / "dets.json"
        file.write_text(json.dumps(content))
        return read_detections(file, skip_bad=skip_bad)

    return read


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


@pytest.fixture
def cut(tmp_path):
    def cut(boxes, photo=PHOTO):
        return cut_to_photos(table_of({photo.image_id: boxes}, tmp_path), [photo], [photo])

    return cut


def table_of(boxes_of, folder):
    """Return corners of images as they are read from our own table."""
    found = {
        image_id: [Proposal(tuple(map(float, box)), 0.5, None, "stored") for box in boxes]
        for image_id, boxes in boxes_of.items()
    }
    write_detections(folder / "dets.parquet", found)
    return read_detections(folder / "dets.parquet", skip_bad=False)


def by_image(stored):
    """Return the detections of all images, as large as they need to be."""
    photos = {}
    for key in stored.rows_of:
        number = key.image_id if isinstance(key.image_id, int) else -len(photos)
        photos[key] = Photo(number, key.file_name or "", 640, 480)
    known = [*photos.values()]
    placed = cut_to_photos(stored, known, known).by_image if known else {}
    return {key.image_id if key.file_name is None else key.file_name: placed[photo.image_id]
            for key, photo in photos.items()}  # fmt: skip


DOG = [Proposal((10, 20, 40, 30), 0.5, "dog", "stored")]
PLAIN = [Proposal((10, 20, 40, 30), 1.0, None, "stored")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([detection([10, 20, 31, 11])], DOG),
        ([{"image_id": 5, "bbox": [10, 20, 30, 10], "score": 0.5, "category_name": "dog"}], DOG),
        ([{"image_id": 5, "bbox": [10, 20, 30, 10], "score": 1, "category_id": 3}], PLAIN),
        ({"dets": [{"image_id": 5, "box": [10, 20, 30, 10], "score": 1, "object_id": 2}]}, PLAIN),
        ({"5": [[10, 20, 30, 10]]}, PLAIN),
        ({"5": [{"box": [10, 20, 30, 10], "rle": {"counts": "x"}}]}, PLAIN),
        ({"5": [{"box": [10, 20, 30, 10], "score": 0.5, "category_name": "dog"}]}, DOG),
    ],
    ids=["MAttNet", "COCO", "COCO, no name", "refer", "ReCLIP", "CPT", "CPT with scores"],
)
def test_every_format_gives_the_same_box(read, content, expected):
    assert by_image(read(content)) == {5: expected}


def test_our_own_table_is_read_as_it_was_written(tmp_path):
    written = {5: [Proposal((1.5, 2, 3, 4.25), 0.75, "dog", "yolo")], 6: [], 2**40: DOG}

    write_detections(tmp_path / "boxes.parquet", written)
    stored = read_detections(tmp_path / "boxes.parquet", skip_bad=False)

    assert by_image(stored) == {
        5: [Proposal((1.5, 2, 3, 4.25), 0.75, "dog", "stored")],
        2**40: DOG,
    }
    assert stored.records == 2


def test_best_comes_first_and_ties_keep_their_order(read):
    scores = [0.3, 0.9, 0.3, 0.9]
    detections = [detection([place, 0, 5, 5], score) for place, score in enumerate(scores)]

    found = by_image(read(detections))[5]

    assert [proposal.box[0] for proposal in found] == [1, 3, 0, 2]


@pytest.mark.parametrize("content", [[], {}, {"dets": []}, {"5": []}])
def test_no_detections_are_none(read, content):
    assert read(content).rows_of == {}


BAD = [
    ({"box": [0, 0, 5]}, "4"),
    ({"box": [0, 0, 5, float("nan")]}, "4"),
    ({"box": [0, 0, 5, float("inf")]}, "4"),
    ({"box": [0, 0, 1, 5]}, "1"),
    ({"box": [0, 0, 5, -3]}, "1"),
    ({"score": 1.5}, "0 1"),
    ({"score": None}, "number"),
    ({"image_id": 5.5}, "image_id"),
]


@pytest.mark.parametrize(("fields", "message"), BAD)
def test_a_bad_detection_is_named(fields, message, read):
    good = detection([0, 0, 5, 5])

    with refused("dets.json", "1", "det_id", "7", *message.split()):
        read([good, good | fields])


@pytest.mark.parametrize(("fields", "message"), BAD)
def test_a_bad_detection_is_skipped_on_request_and_listed(fields, message, read):
    good = detection([0, 0, 5, 5])

    stored = read([good, good | fields, good], skip_bad=True)

    assert len(by_image(stored)[5]) == 2
    (rejected,) = stored.rejected
    assert (rejected.file, rejected.record) == ("dets.json", "detection 1, det_id 7")
    assert all(fact in rejected.reason for fact in message.split())
    assert stored.records == 3


@pytest.mark.parametrize(
    ("content", "where", "message"),
    [
        ([{"image_id": 5, "bbox": [0, 0, 0, 3], "score": 1}], "detection 0", "above 0"),
        ([{"image_id": 5, "bbox": [0, 0, 2, 3]}], "detection 0", "a field score"),
        ({"5": [[1, 2, 3, 4], [1, 2, 3]]}, "image '5', box 1", "4 finite numbers"),
        ({"5": [{"box": [1, 2, 3, 4]}, {"rle": 1}]}, "image '5', box 1", "a field box"),
        ([{"image_id": 5, "bbox": [0, 0, 2, 3], "score": 1}, None], "detection 1", "named fields"),
    ],
)
def test_a_bad_detection_of_another_format_is_named(read, content, where, message):
    with pytest.raises(BadInputError) as raised:
        read(content)

    assert raised.value.record == where
    assert message in raised.value.problem


def test_a_bad_row_of_a_table_is_named(tmp_path):
    inside_out = Proposal((5, 0, 3, 9), 0.5, "", "yolo")
    write_detections(tmp_path / "boxes.parquet", {5: [*DOG, inside_out]})

    with refused("1", "[5.0", "0.0"):
        read_detections(tmp_path / "boxes.parquet", skip_bad=False)


def test_boxes_are_cut_to_the_photo_and_what_lies_outside_is_rejected(cut):
    inside, across = (10, 10, 20, 20), (90, 70, 120, 100)
    sliver, outside = (99, 0, 104, 5), (-9, -9, -4, -4)

    found = cut([inside, inside, inside, across, sliver, outside])

    assert [one.box for one in found.by_image[5]] == [inside, inside, inside, (90, 70, 100, 80)]
    assert found.cut == 1
    assert [one.record for one in found.rejected] == ["a detection of image 5"] * 2
    assert "(99, 0, 104, 5)" in found.rejected[0].reason
    assert "100 x 80" in found.rejected[0].reason


def test_a_thin_box_inside_is_kept(cut):
    assert len(cut([(3, 3, 3.5, 60)]).by_image[5]) == 1


def test_detections_of_another_corpus_are_refused(tmp_path):
    stored = table_of({5: [(1, 2, 3, 4)]}, tmp_path)

    with refused("dets.parquet", "5", "6.jpg"):
        cut_to_photos(stored, [Photo(6, "6.jpg", 9, 9)], [])
    with refused("dets.parquet"):
        cut_to_photos(replace(stored, rows_of={}), [Photo(6, "6.jpg", 9, 9)], [])


def test_a_name_in_place_of_a_number_is_told_where_to_stand(tmp_path):
    file = tmp_path / "dets.json"
    file.write_text(json.dumps([{"image_id": "000009", "bbox": [1, 2, 3, 4], "score": 1}]))
    stored = read_detections(file, skip_bad=False)

    with refused("000009", "file_name"):
        cut_to_photos(stored, [PHOTO], [PHOTO])


def test_photos_without_detections_are_not_listed(tmp_path):
    stored = table_of({5: [(1, 2, 3, 4)], 9: [(1, 2, 3, 4)]}, tmp_path)

    found = cut_to_photos(stored, [PHOTO, Photo(6, "", 9, 9)], [])

    assert list(found.by_image) == [5]
    assert (found.other, found.rejected) == (1, [])


@pytest.mark.parametrize(
    "content",
    [
        [{"file_name": "a/5.jpg", "bbox": [10, 20, 30, 10], "score": 1}],
        [{"file_name": "a/5.jpg", "image_id": None, "box": [10, 20, 31, 11], "score": 1}],
        {"dets": [{"file_name": "a/5.jpg", "box": [10, 20, 30, 10], "score": 1}]},
        {"a/5.jpg": [[10, 20, 30, 10]]},
        {"a/5.jpg": [{"box": [10, 20, 30, 10]}]},
    ],
    ids=["COCO", "MAttNet", "refer", "ReCLIP", "CPT"],
)
def test_a_file_name_stands_in_for_a_missing_id(content, read):
    photo = Photo(1, "a/5.jpg", 100, 80)

    assert cut_to_photos(read(content), [photo], [photo]).by_image == {1: PLAIN}


def test_our_own_table_may_name_photos_by_their_files(tmp_path):
    rows = [
        {"file_name": "b.jpg", "box": [1.0, 2.0, 3.0, 4.0], "score": 0.5},
        {"file_name": "a.jpg", "box": [10.0, 20.0, 40.0, 30.0], "score": 1.0},
        {"file_name": "gone.jpg", "box": [1.0, 2.0, 3.0, 4.0], "score": 0.5},
        {"file_name": "gone.jpg", "box": [1.0, 2.0, 3.0, 5.0], "score": 0.5},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "boxes.parquet")
    photos = [Photo(8, "a.jpg", 100, 80), Photo(9, "b.jpg", 100, 80)]

    stored = read_detections(tmp_path / "boxes.parquet", skip_bad=False)
    found = cut_to_photos(stored, photos[:1], photos)

    assert found.by_image == {8: PLAIN}
    assert found.other == 1
    assert [(one.record, one.reason) for one in found.rejected] == [
        ("a detection of gone.jpg", "no image of the corpus has this file name")
    ] * 2


def test_detections_by_id_and_by_name_of_one_photo_are_all_its_own(read):
    content = [
        {"image_id": 1, "bbox": [0, 0, 5, 5], "score": 0.2},
        {"file_name": "a.jpg", "bbox": [0, 0, 6, 6], "score": 0.9},
        {"image_id": 1, "bbox": [0, 0, 7, 7], "score": 0.4},
    ]
    photo = Photo(1, "a.jpg", 100, 80)

    found = cut_to_photos(read(content), [photo], [photo])

    assert [one.score for one in found.by_image[1]] == [0.9, 0.4, 0.2]


@pytest.mark.parametrize(
    ("photo", "problem"),
    [
        ({"image_id": None}, "image_id file_name"),
        ({"file_name": " "}, "file_name"),
        ({"file_name": 5}, "file_name"),
    ],
)
def test_a_detection_says_in_one_way_of_which_photo_it_is(photo, problem, read):
    with refused("0", *problem.split()):
        read([{"bbox": [0, 0, 5, 5], "score": 0.5} | photo])


def test_corners_taken_for_sides_stop_with_a_hint(cut):
    corners = [(60, 50, 90 - place, 75) for place in range(20)]
    as_sides = [(left, top, left + right, top + bottom) for left, top, right, bottom in corners]

    assert len(cut(corners).by_image[5]) == 20
    with refused("100%"):
        cut(as_sides)


def test_one_in_twenty_boxes_may_leave_its_photo(cut):
    assert cut([(10, 10, 20, 20)] * 19 + [(90, 70, 110, 90)]).cut == 1
    with refused("10%", file="dets.parquet"):
        cut([(10, 10, 20, 20)] * 18 + [(90, 70, 110, 90)] * 2)


def test_a_pixel_of_rounding_is_no_leaving(cut):
    assert cut([(-1, -1, 101, 81)] * 20).cut == 20


def test_shares_of_the_photo_are_no_pixels(cut):
    with refused("unit", "--proposals-unit"):
        cut([(0.1, 0.2, 0.5, 0.9 - place / 100) for place in range(20)])


coordinates = st.floats(-150, 250, width=32)


@settings(max_examples=200)
@given(st.lists(st.tuples(coordinates, coordinates, coordinates, coordinates), max_size=19))
def test_accepted_and_rejected_are_all_there_were(tmp_path_factory, corners):
    boxes = [
        (left, top, right, bottom)
        for left, top, right, bottom in corners
        if left < right and top < bottom
    ]
    stored = table_of({5: [*boxes, *[(0, 0, 9, 9)] * len(boxes)]}, tmp_path_factory.getbasetemp())

    try:
        after = cut_to_photos(stored, [PHOTO], [PHOTO])
    except BadInputError as fault:
        assert "exceed" in str(fault) or not boxes  # noqa: PT017 - either outcome is right
        return

    kept = after.by_image[5]
    assert len(kept) + len(after.rejected) == 2 * len(boxes)
    inside = np.array([one.box for one in kept]).reshape(-1, 4)
    assert (inside >= 0).all()
    assert (inside <= [100, 80, 100, 80]).all()
    assert (inside[:, 2:] > inside[:, :2]).all()


def test_real_detections_are_read(shared):
    file = shared / "data" / "refcoco_mini" / "yolo26m_dets.json"

    photo = Photo(9, "COCO_train2014_000000000009.jpg", 640, 480)
    stored = read_detections(file, skip_bad=False)
    first = cut_to_photos(stored, [photo], [photo]).by_image[9][0]

    assert first.category == "bowl"
    assert first.box == pytest.approx((309.93, 0.49, 309.93 + 320.7, 0.49 + 238.15))


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(
            st.sampled_from(["image_id", "file_name", "box", "bbox", "score", "dets", "5", "a.b"]),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=20,
)


@settings(max_examples=200)
@given(anything)
def test_of_any_json_every_record_is_accepted_or_rejected(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_text(json.dumps(content))

    try:
        stored = read_detections(file, skip_bad=True)
    except BadInputError as fault:
        assert fault.file == str(file)  # noqa: PT017 - either outcome is right
    else:
        accepted = sum(map(len, stored.rows_of.values()))
        assert accepted + len(stored.rejected) == stored.records


def test_what_a_pipeline_of_transformers_returned_is_read(tmp_path):
    edges = {"xmin": 10, "ymin": 5, "xmax": 40, "ymax": 25}
    detection = {"score": 0.75, "label": "cat", "box": edges}
    file = tmp_path / "pipeline.json"
    file.write_text(json.dumps({"a.jpg": [detection]}))

    stored = read_detections(file, skip_bad=False)

    assert by_image(stored) == {"a.jpg": [Proposal((10, 5, 40, 25), 0.75, "cat", "stored")]}


@pytest.mark.parametrize("change", [{"xmin": 50}, {"ymax": None}, {"xmax": "40"}])
def test_a_box_of_a_pipeline_without_an_area_or_an_edge_is_named(tmp_path, change):
    box = {"xmin": 10, "ymin": 5, "xmax": 40, "ymax": 25} | change
    file = tmp_path / "pipeline.json"
    file.write_text(json.dumps([{"file_name": "a.jpg", "score": 1, "label": "cat", "box": box}]))

    with pytest.raises(BadInputError) as caught:
        read_detections(file, skip_bad=False)

    assert caught.value.record == "detection 0"
