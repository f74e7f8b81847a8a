import pytest

from tests.refusals import refused
from vg_mc.corpora.inspection import Inspection
from vg_mc.corpora.instances import read_instances
from vg_mc.records import Photo, Proposal


def read(refer, skip_bad=False, needed=frozenset({5, 6}), referenced=frozenset({50, 60})):
    inspection = Inspection(skip_bad=skip_bad)
    instances = read_instances(
        refer.write() / "instances.json", set(needed), referenced, inspection
    )
    return instances, inspection.rejected


def test_photos_and_boxes_are_read_in_order(refer):
    instances, rejected = read(refer)

    assert instances.photos == {
        5: Photo(5, "COCO_train2014_000000000005.jpg", 100, 80),
        6: Photo(6, "COCO_train2014_000000000006.jpg", 64, 48),
    }
    assert instances.annotations[5] == [
        Proposal((10.5, 20.0, 40.5, 60.0), 1.0, "person", "annotations", 50),
        Proposal((0.0, 0.0, 5.0, 5.0), 1.0, "dog", "annotations", 51),
    ]
    assert instances.image_of == {50: 5, 60: 6, 51: 5}
    assert not rejected


def test_what_nobody_needs_is_not_even_checked(refer):
    refer.images[2]["width"] = -1
    refer.annotations[3]["bbox"] = None

    instances, rejected = read(refer)

    assert 7 not in instances.photos
    assert not rejected


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        ([-10, -10, 30, 30], (0, 0, 20, 20)),
        ([90, 70, 30, 30], (90, 70, 100, 80)),
        ([98, 78, 30, 30], (98, 78, 100, 80)),
        ([3, 3, 0.25, 0.25], (3, 3, 3.25, 3.25)),
    ],
    ids=["top left", "bottom right", "two pixels left", "less than a pixel, inside"],
)
def test_a_box_is_cut_to_its_image(bbox, expected, refer):
    refer.annotations[0]["bbox"] = bbox

    assert read(refer)[0].region_of[50].box == expected


@pytest.mark.parametrize("bbox", [[1, 2, 0, 4], [1, 2, 4, 0.0], [0, 0, 0, 0]])
@pytest.mark.parametrize("skip_bad", [False, True])
def test_an_annotation_without_area_that_nobody_means_is_listed_and_stops_nothing(
    bbox, skip_bad, refer
):
    refer.annotations[2]["bbox"] = bbox

    instances, (rejected,) = read(refer, skip_bad)

    assert set(instances.region_of) == {50, 60}
    assert rejected.record == "annotation id 51"
    assert rejected.reason.startswith("zero-area")


@pytest.mark.parametrize("bbox", [[1, 2, -3, 4], [1, 2, 0, -4], [1, 2, 0], [1, 2, 0, float("nan")]])
def test_other_faults_of_a_box_that_nobody_means_stop(bbox, refer):
    refer.annotations[2]["bbox"] = bbox

    with refused(file="instances.json", record="annotation id 51"):
        read(refer)


def test_an_annotation_without_area_that_is_meant_stops(refer):
    refer.annotations[0]["bbox"] = [1, 2, 0, 4]

    with refused(file="instances.json", record="annotation id 50"):
        read(refer)


BAD_IMAGES = [
    ("id", None, "number"),
    ("id", True, "number"),
    ("id", 6, "6"),
    ("width", 0, "5 1"),
    ("height", 80.0, "5"),
    ("file_name", "", "5 file_name"),
    ("file_name", "/etc/passwd", "folder"),
    ("file_name", "a/../../b.jpg", "folder"),
    ("file_name", "..\\b.jpg", "folder"),
    ("file_name", "C:b.jpg", "folder"),
    ("file_name", "a\0.jpg", "folder"),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD_IMAGES)
def test_a_bad_image_is_named(field, value, message, refer):
    refer.images[0][field] = value

    with refused("instances.json", *message.split()):
        read(refer)


BAD_ANNOTATIONS = [
    ("id", 60, "60"),
    ("category_id", 3, "50 category_id 3"),
    ("category_id", True, "50 category_id"),
    ("bbox", None, "50"),
    ("bbox", [1, 2, 3], "4"),
    ("bbox", [1, 2, float("nan"), 4], "4"),
    ("bbox", [1, 2, float("inf"), 4], "4"),
    ("bbox", [1, 2, True, 4], "4"),
    ("bbox", [1, 2, 0, 4], "area"),
    ("bbox", [10, 10, -5, 4], "area"),
    ("bbox", [200, 10, 5, 4], "100 80"),
    ("bbox", [99.5, 10, 5, 2], "100 80"),
    ("bbox", [1e308, 10, 1e308, 2], "4"),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD_ANNOTATIONS)
def test_a_bad_annotation_is_named_or_left_out(field, value, message, refer):
    refer.annotations[0 if value != 60 else 2][field] = value

    with refused("instances.json", *message.split()):
        read(refer)
    instances, rejected = read(refer, skip_bad=True)
    assert len(instances.region_of) + len(rejected) == 3
    assert [reason.file for reason in rejected] == ["instances.json"]


def test_an_annotation_without_category_has_none(refer):
    del refer.annotations[0]["category_id"]
    refer.annotations[1]["category_id"] = 0

    regions = read(refer)[0].region_of

    assert [regions[50].category, regions[60].category] == [None, None]


def test_category_0_may_have_a_name(refer):
    refer.categories.append({"id": 0, "name": "unlabelled"})
    refer.annotations[0]["category_id"] = 0

    assert read(refer)[0].region_of[50].category == "unlabelled"


def test_an_annotation_of_a_missing_image_is_bad(refer):
    del refer.images[1]

    with refused(file="instances.json", record="annotation id 60"):
        read(refer)


def test_a_bad_category_is_named_and_only_its_regions_are_lost(refer):
    refer.categories[1]["name"] = None

    with refused(file="instances.json", record="category id 2"):
        read(refer)
    instances, rejected = read(refer, skip_bad=True)
    assert rejected[0].record == "category id 2"
    assert instances.annotations


@pytest.mark.parametrize("key", ["images", "annotations", "categories"])
def test_a_file_of_another_kind_is_refused(key, refer):
    setattr(refer, key, {"not": "a list"})

    with refused("instances.json", *key.split()):
        read(refer)


def test_a_file_whose_boxes_are_corners_stops_with_a_hint(refer):
    refer.annotations = [
        {"id": number, "image_id": 5, "category_id": 1, "bbox": [40 + number, 30, 90, 70]}
        for number in range(10)
    ]

    with refused("10"):
        read(refer, skip_bad=True)


def test_a_region_of_refclef_is_named_by_its_image(refer):
    refer.annotations[0]["id"] = "5_3"

    assert read(refer)[0].image_of == {50_003: 5, 60: 6, 51: 5}


def test_categories_that_a_detector_may_find_are_those_that_stand_for_something(refer):
    known = {one["id"]: one["name"] for one in refer.categories}
    refer.categories.extend(
        [
            {"id": 0, "name": "my project", "supercategory": "none"},
            {"id": 501, "name": "apple", "supercategory": "my project"},
            {"id": 502, "name": "human", "supercategory": "human"},
            {"id": 503, "name": "unlabelled", "supercategory": ""},
            {"id": 504, "name": "N/A"},
        ]
    )

    instances, _ = read(refer)

    assert instances.categories == known | {501: "apple", 502: "human"}
