"""A folder of predictions is one split or a whole evaluation."""

import pytest

from tests.refusals import refused
from vg_mc.predictions import (
    is_one_split,
    read_evaluation,
    read_evaluations,
    usual_order,
    write_predictions,
)


def test_a_folder_of_one_split_is_an_evaluation_too(make_predictions, tmp_path):
    write_predictions(make_predictions(split="testA"), tmp_path)

    assert is_one_split(tmp_path)
    assert list(read_evaluation(tmp_path)) == ["testA"]


def test_an_evaluation_is_read_validation_first(make_predictions, tmp_path):
    for split in ("testB", "val", "testA", "train"):
        write_predictions(make_predictions(split=split), tmp_path / split)
    (tmp_path / "plots").mkdir()
    (tmp_path / "results.md").write_text("")

    evaluation = read_evaluation(tmp_path)

    assert not is_one_split(tmp_path)
    assert list(evaluation) == ["train", "val", "testA", "testB"]
    assert all(predictions.split == split for split, predictions in evaluation.items())


@pytest.mark.parametrize("name", [".", "missing"])
def test_a_folder_without_predictions_says_who_writes_them(tmp_path, name):
    with refused("predictions.parquet"):
        read_evaluation(tmp_path / name)


def test_two_folders_of_one_split_are_refused(make_predictions, tmp_path):
    for folder in ("first", "second"):
        write_predictions(make_predictions(), tmp_path / folder)

    with refused("val"):
        read_evaluation(tmp_path)


def test_models_that_were_evaluated_together_are_read_one_by_one(make_predictions, tmp_path):
    for name in ("vit", "rn"):
        for split in ("testA", "val"):
            write_predictions(make_predictions(name, split), tmp_path / name / split)
    (tmp_path / "plots").mkdir()

    found = read_evaluations(tmp_path)

    named = [[(split, each.name) for split, each in one.items()] for one in found]
    assert named == [[("val", "rn"), ("testA", "rn")], [("val", "vit"), ("testA", "vit")]]
    assert [list(one) for one in read_evaluations(tmp_path / "rn")] == [["val", "testA"]]
    assert [list(one) for one in read_evaluations(tmp_path / "rn" / "val")] == [["val"]]
    with refused("predictions.parquet"):
        read_evaluations(tmp_path / "plots")


def test_splits_are_sorted_validation_first():
    assert usual_order(["testB", "val", "testA", "val"]) == ["val", "testA", "testB"]
