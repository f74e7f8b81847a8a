"""What splits share is found by looking at photos, words and targets."""

from vg_mc.prepared.auditing import audit, names_of

A, B, C, D = (f"COCO_train2014_{number:012}.jpg" for number in (1, 2, 3, 4))


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

    (val,) = audit([dataset]).parts

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

    shared = audit([dataset]).shared

    found = [(one.first.split, one.second.split, one.photos, one.expressions) for one in shared]
    assert found == [("train", "val", 1, 1), ("val", "testA", 1, 0)]
    assert [one.leaks for one in shared] == [True, False]


def test_two_corpora_leak_into_each_other(make_sentences, tmp_path):
    first = make_sentences(tmp_path / "a", {"train": [(A, "x", 0), (B, "x", 0)]})
    other_name = "train2014/" + B
    second = make_sentences(
        tmp_path / "b", {"val": [(other_name, "y", 0)], "train": [(A, "y", 0)]}, corpus="refcoco+"
    )

    shared = audit([first, second]).shared

    assert [(one.first.name, one.second.name, one.leaks) for one in shared] == [
        ("refcoco_unc train", "refcoco+ val", True),
        ("refcoco_unc train", "refcoco+ train", False),
    ]


def test_splits_apart_share_nothing(make_sentences, tmp_path):
    dataset = make_sentences(tmp_path / "a", {"train": [(A, "x", 0)], "val": [(B, "x", 0)]})

    assert audit([dataset]).shared == []


def test_a_fair_detector_may_learn_from_what_no_evaluation_is_about(make_sentences, tmp_path):
    first = make_sentences(
        tmp_path / "a", {"train": [(D, "x", 0), (A, "x", 0), (B, "x", 0)], "val": [(C, "x", 0)]}
    )
    second = make_sentences(
        tmp_path / "b", {"train": [(C, "x", 0), (A, "x", 0)], "test": [(B, "x", 0)]}, corpus="g"
    )

    assert audit([first]).fair == [A, B, D]
    assert audit([first, second]).fair == [A, D]


def test_a_corpus_that_comes_twice_is_called_by_its_folder_too(make_sentences, tmp_path):
    datasets = [
        make_sentences(tmp_path / name, {"val": [(A, "x", 0)]}, corpus=corpus)
        for name, corpus in (("a", "r"), ("b", "r"), ("c", "s"))
    ]

    assert names_of(datasets) == [f"r ({tmp_path / 'a'})", f"r ({tmp_path / 'b'})", "s"]


def test_an_empty_split_is_audited_too(make_sentences, tmp_path):
    dataset = make_sentences(tmp_path / "set", {"train": [(A, "x", 0)], "val": []})

    assert [part.expressions for part in audit([dataset]).parts] == [1, 0]


def test_a_dataset_without_hashes_is_compared_by_name_and_named(make_sentences, tmp_path):
    dataset = make_sentences(tmp_path / "a", {"train": [(A, "x", 0)], "val": [(B, "x", 0)]})

    assert audit([dataset]).named_only == ["refcoco_unc"]
