"""What splits share is found by looking at photos, words and targets."""

import pytest

from vg_mc.prepared.auditing import fair_photos, names_of, parts_of, photo_key, sharings

A, B, C, D = (f"COCO_train2014_{number:012}.jpg" for number in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (A, "train2014/COCO_train2014_000000000001.jpg"),
        (A, "COCO_train2014_000000000001_16.jpg"),
        (A, "000000000001.jpg"),
        (A, "COCO_val2014_000000000001.jpg"),  # 2017 gave photos of both the same numbers
    ],
)
def test_a_photo_of_coco_is_known_by_its_number(one, other):
    assert photo_key(one) == photo_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(A, B), ("1.jpg", A), ("a/1.jpg", "b/1.jpg"), ("000000000001.png", A), ("1.jpg", "01.jpg")],
)
def test_other_photos_are_known_by_their_file(one, other):
    assert photo_key(one) != photo_key(other)


def test_repeated_and_ambiguous_expressions_are_counted(make_sentences, tmp_path):
    dataset = make_sentences(
        tmp_path / "set",
        {
            "val": [
                (A, "the red one", 0),
                (A, "The  red one", 0),  # the same but for case and spaces
                (A, "left", 0),
                (A, "left", 1),  # ambiguous
                (A, "left", 1),  # and repeated
                (B, "left", 0),  # another photo
                (B, "right", 0),
            ]
        },
    )

    (val,) = parts_of([dataset])

    assert val.expressions == 7
    assert val.duplicates == 2
    assert val.ambiguous == 3
    assert list(val.file_names.values()) == [A, B]


def test_shared_photos_of_one_corpus_are_a_leak(make_sentences, tmp_path):
    dataset = make_sentences(
        tmp_path / "set",
        {
            "train": [(A, "left", 0), (B, "left", 0)],
            "val": [(B, "left", 0), (B, "left", 1), (B, "right", 0), (C, "left", 0)],
            "testA": [(C, "right", 0)],
        },
    )

    shared = sharings(parts_of([dataset]))

    found = [(one.first.split, one.second.split, one.photos, one.expressions) for one in shared]
    assert found == [("train", "val", 1, 1), ("val", "testA", 1, 0)]
    assert [one.leaks for one in shared] == [True, False]


def test_two_corpora_leak_into_each_other(make_sentences, tmp_path):
    first = make_sentences(tmp_path / "a", {"train": [(A, "x", 0), (B, "x", 0)]})
    other_name = "train2014/" + B
    second = make_sentences(
        tmp_path / "b", {"val": [(other_name, "y", 0)], "train": [(A, "y", 0)]}, corpus="refcoco+"
    )

    shared = sharings(parts_of([first, second]))

    assert [(one.first.name, one.second.name, one.leaks) for one in shared] == [
        ("refcoco_unc train", "refcoco+ val", True),
        ("refcoco_unc train", "refcoco+ train", False),
    ]


def test_splits_apart_share_nothing(make_sentences, tmp_path):
    dataset = make_sentences(tmp_path / "a", {"train": [(A, "x", 0)], "val": [(B, "x", 0)]})

    assert sharings(parts_of([dataset])) == []


def test_a_fair_detector_may_learn_from_what_no_evaluation_is_about(make_sentences, tmp_path):
    first = make_sentences(
        tmp_path / "a", {"train": [(D, "x", 0), (A, "x", 0), (B, "x", 0)], "val": [(C, "x", 0)]}
    )
    second = make_sentences(
        tmp_path / "b", {"train": [(C, "x", 0), (A, "x", 0)], "test": [(B, "x", 0)]}, corpus="g"
    )

    assert fair_photos(parts_of([first])) == [A, B, D]
    assert fair_photos(parts_of([first, second])) == [A, D]


def test_a_corpus_that_comes_twice_is_called_by_its_folder_too(make_sentences, tmp_path):
    datasets = [
        make_sentences(tmp_path / name, {"val": [(A, "x", 0)]}, corpus=corpus)
        for name, corpus in (("a", "r"), ("b", "r"), ("c", "s"))
    ]

    assert names_of(datasets) == [f"r ({tmp_path / 'a'})", f"r ({tmp_path / 'b'})", "s"]


def test_an_empty_split_is_audited_too(make_sentences, tmp_path):
    dataset = make_sentences(tmp_path / "set", {"train": [(A, "x", 0)], "val": []})

    assert [part.expressions for part in parts_of([dataset])] == [1, 0]
