"""Our reader and plain `datasets` agree on every value."""

import io
import pickle
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.prepared.dataset import PreparedDataset, open_prepared
from vg_mc.prepared.schema import (
    CANDIDATES,
    candidate_features,
    open_shard,
    shard_name,
    write_shard,
)
from vg_mc.records import Photo, Proposal


@pytest.fixture
def dataset(prepared):
    return open_prepared(prepared)


@pytest.fixture
def candidates(prepared):
    return datasets.load_from_disk(str(prepared / "candidates"))


SOME = [[0], [5, 0, 3, 3], [6, 5, 4, 3, 2, 1, 0], []]
some_ids = pytest.mark.parametrize("ids", [np.array(ids, np.int64) for ids in SOME], ids=str)


@some_ids
def test_pictures_are_those_that_datasets_decodes(dataset, candidates, ids):
    expected = [np.asarray(candidates[int(number)]["picture"]) for number in ids]

    pictures = dataset.pictures(ids)

    assert pictures.shape == (len(ids), 16, 16, 3)
    assert pictures.dtype == np.uint8
    assert all((one == other).all() for one, other in zip(pictures, expected, strict=True))


@some_ids
def test_boxes_and_categories_are_those_of_the_rows(dataset, candidates, ids):
    rows = [candidates[int(number)] for number in ids]

    assert dataset.boxes(ids).tolist() == [row["box"] for row in rows]
    assert dataset.boxes(ids).shape == (len(ids), 4)
    assert dataset.scores(ids).tolist() == [row["score"] for row in rows]
    assert dataset.candidate_categories(ids) == [row["category"] for row in rows]


@some_ids
def test_picture_files_are_jpeg(dataset, ids):
    files = [Image.open(io.BytesIO(content)) for content in dataset.picture_bytes(ids)]

    assert [file.format for file in files] == ["JPEG"] * len(ids)
    assert len(files) == len(ids)


def test_each_view_is_read_from_its_column(prepared):
    views = {"clip-refcoco": {}, "gray-outside": {}}
    for path in sorted((prepared / "candidates").glob("*.arrow")):
        rows = open_shard(path).to_pylist()
        further = [row | {"picture_gray_outside": rows[-1]["picture"]} for row in rows]
        write_shard(path, candidate_features(views), further)
    dataset = PreparedDataset(prepared, {"settings": {"image_size": 16, "views": views}})

    assert dataset.picture_bytes([0, 1], "gray-outside") == dataset.picture_bytes([3, 3])
    assert dataset.picture_bytes([1], "clip-refcoco") == dataset.picture_bytes([1])
    assert (dataset.pictures([4], "gray-outside") == dataset.pictures([6])).all()
    with refused("crop", file="prepared"):
        dataset.pictures([0], "crop")


def test_a_view_answers_to_its_former_name_and_keeps_its_column(prepared):
    views = {"crop": {}, "seed-readme": {"outline": 2}}
    for path in sorted((prepared / "candidates").glob("*.arrow")):
        rows = open_shard(path).to_pylist()
        further = [row | {"picture_seed_readme": rows[-1]["picture"]} for row in rows]
        write_shard(path, candidate_features(views), further)
    dataset = PreparedDataset(prepared, {"settings": {"image_size": 16, "views": views}})

    assert list(dataset.views) == ["crop", "clip-refcoco-readme"]
    assert dataset.view_named("seed-readme") == "clip-refcoco-readme"
    for name in ("seed-readme", "clip-refcoco-readme"):
        assert dataset.picture_bytes([0], name) == dataset.picture_bytes([3])


@pytest.mark.parametrize("split", ["train", "val"])
def test_expressions_are_the_rows_of_their_table(prepared, dataset, split):
    rows = datasets.load_from_disk(str(prepared / "expressions" / split)).to_list()

    expressions = dataset.expressions(split)

    assert len(expressions) == len(rows)
    assert [int(number) for number in expressions.expression_ids] == [
        row["expression_id"] for row in rows
    ]
    for column, values in (
        ("image_id", expressions.image_ids),
        ("text", expressions.texts),
        ("category", expressions.categories),
        ("rivals", expressions.rivals),
    ):
        assert list(values) == [row[column] for row in rows]
    assert expressions.targets.tolist() == [row["target"] for row in rows]
    assert expressions.targets.shape == (len(rows), 4)
    for column, lists in (
        ("candidate_ids", expressions.candidate_ids),
        ("ious", expressions.ious),
    ):
        assert [values.tolist() for values in lists] == [row[column] for row in rows]


def test_an_unknown_split_is_refused_with_the_known_ones(dataset):
    with refused("testA", file="prepared"):
        dataset.expressions("testA")


def test_the_manifest_answers_for_the_whole(dataset):
    assert dataset.splits == ["train", "val"]
    assert dataset.image_size == 16
    assert dataset.data_hash == dataset.manifest["data_hash"]


def test_another_process_maps_the_files_itself(dataset):
    ids = np.array([1, 6])
    before = dataset.pictures(ids)

    sent = pickle.dumps(dataset)

    assert len(sent) < 4_000  # no picture among it
    assert (pickle.loads(sent).pictures(ids) == before).all()


def test_a_damaged_dataset_is_not_opened(prepared):
    (prepared / "candidates" / "data-00000-of-00002.arrow").write_bytes(b"")

    with refused("data-00000-of-00002.arrow", "0"):
        open_prepared(prepared)


def test_a_dataset_without_any_candidate_can_be_read(tmp_path):
    folder = tmp_path / "candidates"
    write_shard(folder / shard_name(0, 1), CANDIDATES, [])
    none = np.empty(0, dtype=np.int64)

    dataset = PreparedDataset(tmp_path, {"settings": {"image_size": 16, "views": {"marker": {}}}})

    assert dataset.boxes(none).shape == (0, 4)
    assert dataset.pictures(none).shape == (0, 16, 16, 3)
    assert dataset.candidate_categories(none) == []


def test_photos_are_found_by_their_id(dataset):
    assert dataset.photos() == {10: Photo(10, "a.jpg", 64, 48)}


@pytest.mark.parametrize("source", ["annotations", "whole-image"])
def test_what_no_detector_found_is_no_detection(make_sentences, tmp_path, source):
    dataset = make_sentences(tmp_path / "set", {"val": [("a.jpg", "x", 0)]}, proposer=source)

    assert dataset.detections() == {}
    assert dataset.detected_categories() == set()


@pytest.mark.parametrize("source", ["yolo", "stored", "lower-confidence"])
def test_detections_are_listed_by_photo(make_sentences, tmp_path, source):
    sentences = [("a.jpg", "x", 0), ("b.jpg", "y", 0), ("b.jpg", "z", 0)]
    dataset = make_sentences(tmp_path / "set", {"val": sentences}, proposer=source, category="dog")

    found = [Proposal((0.0, 0.0, 8.0, 8.0), 1.0, "dog", "detector")]
    assert dataset.detections() == {1: found, 2: found}
    assert dataset.detected_categories() == {"dog"}


def test_candidates_tell_whether_they_are_annotations(make_coloured, make_photos, tmp_path):
    photo = make_photos(1, 1, 0)[0]._replace(
        colours=["red", "blue", "red"],
        questions=[("the red one", [1.0, 0.0, 0.9])],
        sources=["annotations", "yolo", "annotations"],
    )
    dataset = make_coloured(tmp_path / "data", {"train": [photo]})

    assert dataset.are_annotations().tolist() == [True, False, True]


def test_a_dataset_that_was_never_written_is_read_from_its_tables(prepared):
    written = open_prepared(prepared)
    table = pa.concat_tables(map(open_shard, sorted((prepared / "candidates").glob("*.arrow"))))

    dataset = PreparedDataset(Path("nowhere"), written.manifest, {"candidates": table})

    for one in (dataset, pickle.loads(pickle.dumps(dataset))):
        assert one.boxes(np.arange(3)).tolist() == written.boxes(np.arange(3)).tolist()
        assert one.picture_bytes(np.arange(3)) == written.picture_bytes(np.arange(3))
