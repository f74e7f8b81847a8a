from pathlib import Path

import pytest

from tests.refusals import refused
from vg_mc.corpora.splits import (
    known_split,
    renamed_splits,
    splits_of_files,
    with_known_splits,
)
from vg_mc.records import Corpus, ImageFolder, ReferringExpression


def corpus_of(*splits):
    expressions = [
        ReferringExpression(number, number, 1, 1, "dog", (0, 0, 1, 1), "", split)
        for number, split in enumerate(splits)
    ]
    return Corpus("mine", ImageFolder(Path("images")), {}, expressions, {}, [], [])


@pytest.mark.parametrize("name", ["val", "valid", "validation", "dev", "Validation", " VAL "])
def test_synonyms_of_val_are_val(name):
    assert known_split(name) == "val"


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("val.csv", "val"),
        ("validation.parquet", "val"),
        ("refcoco_val.jsonl", "val"),
        ("refcoco+_testA.jsonl", "testA"),
        ("finetune_refcocog_test.json", "test"),
        ("instances_train.json", "train"),
        ("instances_val2017.json", "val"),
        ("refcoco_plus_unc_testB-00000-of-00001-2c68b2dca7cc4d2b.parquet", "testB"),
        ("train-00003-of-00012.parquet", "train"),
        ("test_mine.csv", "test"),
        ("train/_annotations.coco.json", "train"),
        ("valid/_annotations.coco.json", "val"),
        ("mine.csv", "mine"),
        ("constraint.csv", "constraint"),
        ("evaluation.csv", "evaluation"),
        ("photos/mine.csv", "mine"),
    ],
)
def test_a_split_is_in_the_name_of_the_file_or_its_folder(name, split):
    assert splits_of_files([Path(name)]) == {Path(name): split}


def test_files_of_several_corpora_keep_their_names():
    names = ["refcoco_val.jsonl", "refcocog_val.jsonl", "refcocog_test.jsonl", "train.jsonl"]

    found = splits_of_files([Path(name) for name in names])

    assert list(found.values()) == ["refcoco_val", "refcocog_val", "refcocog_test", "train"]


def test_shards_of_one_split_are_one_split():
    files = [Path(f"refcoco_val-0000{number}-of-00002.parquet") for number in range(2)]

    assert set(splits_of_files(files).values()) == {"val"}


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        (("train", "valid"), ["train", "val"]),
        (("Train", "dev", "TESTA"), ["train", "val", "testA"]),
        (("RefCOCO val", "RefCOCO testA"), ["val", "testA"]),
        (("RefCOCO_val", "RefCOCO+_val"), ["RefCOCO_val", "RefCOCO+_val"]),
        (("RefCOCO_val", "RefCOCO+_testA"), ["RefCOCO_val", "RefCOCO+_testA"]),
        (("val", "dev"), ["val", "dev"]),
        (("valid", "dev"), ["valid", "dev"]),
        (("fold 1", "my val"), ["fold 1", "my val"]),
    ],
)
def test_synonyms_are_renamed_where_no_splits_are_merged(splits, expected):
    corpus = with_known_splits(corpus_of(*splits), {})

    assert [one.split for one in corpus.expressions] == expected
    changed = [old for old, new in zip(splits, expected, strict=True) if old != new]
    assert len(corpus.notes) == len(changed)
    assert all(repr(old) in note for old, note in zip(changed, corpus.notes, strict=True))


def test_any_split_is_renamed_on_request():
    corpus = with_known_splits(corpus_of("a", "dev", "b"), renamed_splits(["a=train", "b=train"]))

    assert [one.split for one in corpus.expressions] == ["train", "val", "train"]


def test_a_request_wins_over_a_synonym():
    corpus = with_known_splits(corpus_of("train", "dev"), {"dev": "test"})

    assert [one.split for one in corpus.expressions] == ["train", "test"]


def test_a_split_that_does_not_exist_cannot_be_renamed():
    with refused("holdout", "train", record="--rename-split"):
        with_known_splits(corpus_of("train"), {"holdout": "test"})


@pytest.mark.parametrize("text", ["holdout", "=test", "holdout=", ""])
def test_a_request_has_two_names(text):
    with refused(repr(text), record="--rename-split"):
        renamed_splits([text])
