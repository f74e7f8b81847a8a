"""What is written opens with plain `datasets`, and equals what was given."""

import datasets
import pytest

from vg_mc.prepared.schema import (
    CANDIDATES,
    EXPRESSIONS,
    IMAGES,
    arrow_schema,
    finish_folder,
    open_shard,
    shard_name,
    write_shard,
)

ROWS_OF = {
    "images": (IMAGES, [{"image_id": 2**40, "file_name": "ä/b.jpg", "width": 3, "height": 1}]),
    "expressions": (
        EXPRESSIONS,
        [
            {
                "expression_id": number,
                "ref_id": 5,
                "image_id": 6,
                "annotation_id": -1,
                "text": "the “red” circle ✓",
                "target": [0.1, 0.2, 0.3, 1e6],
                "category": "",
                "candidate_ids": list(range(number)),
                "ious": [1 / 3] * number,
                "rivals": number - 1,
            }
            for number in (2, 0, 1)
        ],
    ),
    "candidates": (
        CANDIDATES,
        [
            {
                "image_id": 6,
                "box": [0.1, 0.2, 0.3, 1e6],
                "score": 0.1 + 0.2,
                "category": "",
                "source": "yolo",
                "annotation_id": -1,
                "picture": {"bytes": bytes(range(256)) * number, "path": None},
            }
            for number in (1, 0, 7)
        ],
    ),
}
each_table = pytest.mark.parametrize(("features", "rows"), ROWS_OF.values(), ids=ROWS_OF)


def loaded(folder) -> datasets.Dataset:
    dataset = datasets.load_from_disk(str(folder))
    if "picture" in dataset.features:
        dataset = dataset.cast_column("picture", datasets.Image(decode=False))
    return dataset


@each_table
def test_datasets_opens_every_table_and_finds_what_was_written(tmp_path, features, rows):
    names = [shard_name(0, 2), shard_name(1, 2)]
    write_shard(tmp_path / names[0], features, rows[:1], {"rejected": "{}"})
    write_shard(tmp_path / names[1], features, rows[1:], {"rejected": '{"7": "missing"}'})
    finish_folder(tmp_path, features, names)

    assert loaded(tmp_path).to_list() == rows


@each_table
def test_a_table_without_rows_is_a_table(tmp_path, features, rows):
    write_shard(tmp_path / shard_name(0, 1), features, [])
    finish_folder(tmp_path, features, [shard_name(0, 1)])

    dataset = loaded(tmp_path)

    assert dataset.to_list() == []
    assert dataset.column_names == list(rows[0])


@each_table
def test_the_columns_have_the_types_that_datasets_itself_would_give_them(features, rows):
    described = datasets.Features.from_dict(features)

    assert arrow_schema(features).equals(described.arrow_schema)
    assert list(described) == list(rows[0])


def test_the_same_rows_are_the_same_bytes(tmp_path):
    features, rows = ROWS_OF["candidates"]

    for name in ("first", "second"):
        write_shard(tmp_path / name / "a.arrow", features, rows)
        finish_folder(tmp_path / name, features, ["a.arrow"])

    first, second = (
        [path.read_bytes() for path in sorted((tmp_path / name).iterdir())]
        for name in ("first", "second")
    )
    assert len(first) == 3
    assert first == second


def test_other_rows_have_another_fingerprint(tmp_path):
    features, rows = ROWS_OF["images"]
    for name, kept in (("one", rows), ("none", [])):
        write_shard(tmp_path / name / "a.arrow", features, kept)
        finish_folder(tmp_path / name, features, ["a.arrow"])

    one, none = (datasets.load_from_disk(str(tmp_path / name)) for name in ("one", "none"))
    assert one._fingerprint != none._fingerprint


def test_notes_travel_with_a_shard(tmp_path):
    write_shard(tmp_path / "a.arrow", IMAGES, [], {"rejected": "ä"})

    assert open_shard(tmp_path / "a.arrow").schema.metadata[b"rejected"].decode() == "ä"


def test_a_shard_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(Exception, match=r"Could not convert|tried to convert"):
        write_shard(tmp_path / "a.arrow", IMAGES, [{"image_id": "seven"}])

    assert list(tmp_path.iterdir()) == []


def test_shards_are_named_as_datasets_names_them():
    assert shard_name(3, 12) == "data-00003-of-00012.arrow"
