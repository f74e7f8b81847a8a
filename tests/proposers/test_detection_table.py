import pyarrow as pa
import pyarrow.parquet as pq

from tests.refusals import refused
from vg_mc.proposers.detection_table import (
    COLUMNS,
    is_detection_table,
    read_rows,
    write_detections,
)
from vg_mc.records import Proposal

FOUND = {7: [Proposal((1.5, 2, 3, 4), 0.25, "dog", "yolo")], 9: []}


def test_rows_come_back_as_they_were_written(tmp_path):
    write_detections(tmp_path / "boxes.parquet", FOUND)

    assert is_detection_table(tmp_path / "boxes.parquet")
    assert read_rows(tmp_path / "boxes.parquet") == [
        {"image_id": 7, "box": [1.5, 2, 3, 4], "score": 0.25, "category": "dog"}
    ]


def test_photos_may_be_named_by_their_files(tmp_path):
    write_detections(tmp_path / "boxes.parquet", {"a/7.jpg": FOUND[7], "9.jpg": []})

    assert read_rows(tmp_path / "boxes.parquet") == [
        {"file_name": "a/7.jpg", "box": [1.5, 2, 3, 4], "score": 0.25, "category": "dog"}
    ]


def test_the_same_detections_are_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_detections(tmp_path / name, FOUND)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_nothing_found_is_a_table_too(tmp_path):
    write_detections(tmp_path / "boxes.parquet", {})

    assert read_rows(tmp_path / "boxes.parquet") == []
    assert pq.read_schema(tmp_path / "boxes.parquet").names == COLUMNS.names


def test_a_category_is_optional_and_other_columns_are_not_read(tmp_path):
    row = {"image_id": [3], "box": [[1.0, 2, 3, 4]], "score": [0.5], "mask": ["..."]}
    pq.write_table(pa.table(row), tmp_path / "boxes.parquet")

    assert read_rows(tmp_path / "boxes.parquet") == [
        {"image_id": 3, "box": [1, 2, 3, 4], "score": 0.5}
    ]


def test_a_missing_column_is_named(tmp_path):
    pq.write_table(pa.table({"image_id": [3], "score": [0.5]}), tmp_path / "boxes.parquet")

    with refused("image_id"):
        read_rows(tmp_path / "boxes.parquet")


def test_without_any_name_of_a_photo_a_table_is_refused(tmp_path):
    pq.write_table(pa.table({"box": [[0.0, 0, 1, 1]], "score": [0.5]}), tmp_path / "boxes.parquet")

    with refused("image_id", "file_name"):
        read_rows(tmp_path / "boxes.parquet")


def test_a_damaged_file_is_named(tmp_path):
    write_detections(tmp_path / "boxes.parquet", FOUND)
    whole = (tmp_path / "boxes.parquet").read_bytes()
    (tmp_path / "boxes.parquet").write_bytes(whole[: len(whole) // 2])

    with refused(file="boxes.parquet"):
        read_rows(tmp_path / "boxes.parquet")


def test_a_text_is_no_table(tmp_path):
    (tmp_path / "boxes.json").write_text("[]")

    assert not is_detection_table(tmp_path / "boxes.json")
