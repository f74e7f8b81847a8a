import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.refusals import refused
from vg_mc.corpora.official_counts import (
    OFFICIAL_COUNTS,
    CountComparison,
    compare_counts,
    counts_per_split,
    require_official,
)
from vg_mc.corpora.refer import read_refer
from vg_mc.errors import BadInputError
from vg_mc.records import ImageFolder, Rejected

EVALUATION_SPLITS = Path(__file__).parents[2].parent / "shared/data/official_eval_splits"


@pytest.fixture
def corpus(refer):
    return read_refer(refer.write(), "unc", ImageFolder(Path()), skip_bad=False)


def test_references_sentences_and_images_are_counted_per_split(corpus):
    assert counts_per_split(corpus.expressions) == {
        "train": {"references": 1, "sentences": 2, "images": 1},
        "testA": {"references": 1, "sentences": 1, "images": 1},
    }


def test_a_known_corpus_is_compared_split_by_split(corpus):
    rows = compare_counts(corpus)

    assert CountComparison("train", "sentences", 120_624, 2) in rows
    assert CountComparison("testB", "images", 750, 0) in rows
    assert len(rows) == 12


def test_an_unknown_corpus_is_not_compared(corpus):
    assert compare_counts(replace(corpus, name="scenes_scenes")) == []


def test_a_mirror_is_compared_in_the_splits_and_counts_that_it_has(corpus):
    rows = compare_counts(corpus, "refcoco+_unc", counts=("sentences",), whole=False)

    assert rows == [
        CountComparison("train", "sentences", 120_191, 2),
        CountComparison("testA", "sentences", 5_726, 1),
    ]


def test_a_difference_stops_with_both_numbers_of_every_split(corpus):
    rows = compare_counts(corpus, counts=("sentences",))

    with pytest.raises(BadInputError) as stopped:
        require_official(rows, corpus)
    assert "train: 2 sentences, NOT 120,624; val: 0 sentences, NOT 10,834" in str(stopped.value)
    assert "--allow-count-mismatch" in str(stopped.value)
    assert "left out)" not in str(stopped.value)


def test_what_was_left_out_is_mentioned_beside_a_difference(corpus):
    corpus = replace(corpus, rejected=[Rejected("refs(unc).p", "ref_id 1", "no text")])

    with refused("1", file="refs(unc).p"):
        require_official([CountComparison("val", "images", 3, 2)], corpus)


def test_equal_counts_and_unknown_corpora_pass(corpus):
    require_official([CountComparison("val", "images", 3, 3)], corpus)
    require_official([], corpus)


def test_a_comparison_reads_as_a_sentence():
    right = CountComparison("val", "sentences", 10_834, 10_834)
    wrong = CountComparison("val", "sentences", 10_834, 8_811)

    assert str(right) == "val: 10,834 sentences, as published"
    assert str(wrong) == "val: 8,811 sentences, NOT 10,834"


@pytest.mark.parametrize(
    ("name", "what", "total"),
    [
        ("refcoco_unc", "sentences", 142_210),
        ("refcoco_unc", "references", 50_000),
        ("refcoco_unc", "images", 19_994),
        ("refcoco_google", "references", 50_000),
        ("refcoco+_unc", "sentences", 141_564),
        ("refcoco+_unc", "references", 49_856),
        ("refcocog_umd", "sentences", 95_010),
        ("refcocog_umd", "references", 49_822),
    ],
)
def test_splits_add_up_to_the_published_totals(name, what, total):
    assert sum(counts[what] for counts in OFFICIAL_COUNTS[name].values()) == total


def test_counts_agree_with_the_published_evaluation_files():
    if not EVALUATION_SPLITS.is_dir():
        pytest.skip(f"{EVALUATION_SPLITS} is not there: counts were not compared with real files")
    folders = {"refcoco": "refcoco_unc", "refcoco+": "refcoco+_unc", "refcocog": "refcocog_umd"}

    compared = 0
    for file in sorted(EVALUATION_SPLITS.glob("*.json")):
        dataset, split = file.stem.split("_")
        records = json.loads(file.read_text())
        expected = OFFICIAL_COUNTS[folders[dataset]][split]
        images = {record["img_id"].split("_")[2] for record in records}
        assert (len(records), len(images)) == (expected["sentences"], expected["images"])
        compared += 1
    assert compared == 8
