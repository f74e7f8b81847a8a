import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.refusals import refused
from vg_mc.proposers.detection_files import stored_records
from vg_mc.proposers.detection_formats import (
    BY_IMAGE,
    COCO_RESULTS,
    MATTNET,
    PIPELINE,
    REFER,
    TABLE,
)


@pytest.fixture
def look(tmp_path):
    def look(content):
        file = tmp_path / "dets.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return stored_records(file)

    return look


@pytest.mark.parametrize(
    ("content", "layout"),
    [
        ([{"box": [1]}], MATTNET),
        ([{"bbox": [1]}], COCO_RESULTS),
        ([None, {"score": 1}, {"bbox": [1]}], COCO_RESULTS),
        ({"dets": [{"box": [1]}]}, REFER),
        ([{"box": {"xmin": 1}, "file_name": "a.jpg"}], PIPELINE),
        ({"a.jpg": [], "b.jpg": [{"box": {"xmin": 1}}]}, PIPELINE),
        ({"17": [[1, 2, 3, 4]]}, BY_IMAGE),
        ({"17": [{"box": [1, 2, 3, 4]}]}, BY_IMAGE),
    ],
)
def test_a_format_is_known_by_its_looks(look, content, layout):
    assert look(content)[0] == layout


def test_a_parquet_file_is_known_by_its_first_bytes(tmp_path):
    file = tmp_path / "boxes.json"
    pq.write_table(pa.table({"image_id": [3], "box": [[1.0, 2, 3, 4]], "score": [0.5]}), file)

    layout, (record,) = stored_records(file)

    assert layout == TABLE
    assert record == (("row", 0), {"image_id": 3, "box": [1, 2, 3, 4], "score": 0.5})


def test_records_below_an_image_get_its_id(look):
    _, records = look({"17": [[1, 2, 3, 4], {"box": [5, 6, 7, 8], "score": 0.5}]})

    assert [(one.name, one.content) for one in records] == [
        ("image '17', box 0", {"box": [1, 2, 3, 4], "image_id": 17}),
        ("image '17', box 1", {"box": [5, 6, 7, 8], "score": 0.5, "image_id": 17}),
    ]


@pytest.mark.parametrize("content", [3, None, "text", {"a": [], "b": {}}])
def test_another_format_is_refused_and_the_known_ones_are_named(look, content):
    with refused("MAttNet", "COCO"):
        look(json.dumps(content))


def test_what_is_no_json_is_refused(look):
    for content in ("[{", '{"image_id": 1}\n{"image_id": 2}', "image_id,x,y,w,h\n1,2,3,4,5\n"):
        with refused("JSON", file="dets.json"):
            look(content)


def test_a_whole_dataset_of_coco_is_no_list_of_detections(look):
    content = {"images": [{"id": 1}], "annotations": [{"id": 1, "image_id": 1}], "categories": []}

    with refused("image_id"):
        look(json.dumps(content))


def test_a_missing_file_is_named(tmp_path):
    with refused("nowhere.json"):
        stored_records(tmp_path / "nowhere.json")
