"""Lists of expression ids become further rows, and unknown ids are counted and named."""

import numpy as np
import pytest

from tests.predictions.made import scores_of
from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.scoring.subsets import (
    Subset,
    read_subsets,
    score_all,
    subset_remarks,
    unknown_ids,
)


def test_ids_are_read_from_lines_and_from_json(tmp_path):
    (tmp_path / "clean.txt").write_text("# reviewed\n107\n\n  121 # twice as good\n107\n")
    (tmp_path / "hard.json").write_text("[114, 100]")

    subsets = read_subsets([tmp_path / "clean.txt", tmp_path / "hard.json"])

    assert subsets == [
        Subset("clean", frozenset({107, 121})),
        Subset("hard", frozenset({100, 114})),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "1\n2x\n", r"a\.txt, line 2: expected an expression id, found '2x'"),
        ("a.txt", "# none\n", "found none"),
        ("a.json", "[1, true]", "entry 1: expected an expression id, found True"),
        ("a.json", '["1"]', "entry 0: expected an expression id, found '1'"),
        ("a.json", '{"ids": [1]}', "expected a list of expression ids"),
        ("a.json", "[1,", "JSON"),
        ("a.txt", "\udcff", "UTF-8"),
    ],
)
def test_other_files_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_text(content, errors="surrogateescape")

    with pytest.raises(BadInputError, match=message):
        read_subsets([tmp_path / name])


def test_a_missing_file_and_two_of_one_name_are_refused(tmp_path):
    with refused(file="none.txt"):
        read_subsets([tmp_path / "none.txt"])
    with refused("duplicate"):
        read_subsets([tmp_path / "a.txt", tmp_path / "b" / "a.json"])


def test_a_subset_is_scored_after_its_split(make_predictions):
    answered = [make_predictions(split="val"), make_predictions(split="testA", expressions=3)]
    chosen = Subset("clean", frozenset({100, 107, 135, 9}))
    elsewhere = Subset("late", frozenset({135}))

    reports = score_all(answered, [chosen, elsewhere], [None] * len(answered))

    assert [(each.split, each.subset, each.scores.expressions) for each in reports] == [
        ("val", "", 12),
        ("val", "clean", 3),
        ("val", "late", 1),
        ("testA", "", 3),
        ("testA", "clean", 2),
    ]
    rows = np.isin(answered[0].examples.expression_ids, [100, 107, 135])
    assert reports[1].scores == scores_of(answered[0].taken(np.flatnonzero(rows)))


def test_unknown_ids_are_counted_and_named(make_predictions):
    answered = [make_predictions(expressions=3)]
    subsets = [
        Subset("a", frozenset({100, 114})),
        Subset("b", frozenset({100, 5, 3})),
        Subset("c", frozenset(range(7))),
    ]

    assert unknown_ids(subsets[1], answered) == [3, 5]
    assert subset_remarks(subsets, answered) == {
        "subset a": "2 ids, all answered",
        "subset b": "3 ids, 2 of them not in any answered split: 3, 5",
        "subset c": "7 ids, 7 of them not in any answered split: 0, 1, 2, 3, 4, …",
    }
