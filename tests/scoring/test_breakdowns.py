"""Groups are what their names say."""

import numpy as np
import pytest

from tests.predictions.made import changed
from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.predictions import outcomes
from vg_mc.scoring.breakdowns import groupings


@pytest.fixture
def predictions(make_predictions):
    return changed(
        make_predictions(expressions=6),
        targets=as_boxes([(0, 0, side, side) for side in (31, 32, 95, 96, 640, 2)]),
        image_sizes=np.full((6, 2), 640),
        categories=["person", "cat", "", "cat", "person", "cat"],
        distractors=np.array([-1, 0, 1, 3, 4, 9]),
        texts=["a", "left man", "red one on top", "a b c d e f", " ".join("a" * 11), "second"],
    )


def judged(predictions):
    return predictions.examples, outcomes(predictions)


def members(predictions, name: str) -> dict[str, list[int]]:
    groups = groupings(*judged(predictions))[name]
    return {group.name: np.flatnonzero(group.members).tolist() for group in groups}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "target size",
            {"small (under 32²)": [0, 5], "medium (under 96²)": [1, 2], "large": [3, 4]},
        ),
        (
            "share of the image",
            {"under 1 %": [0, 1, 5], "1 to 5 %": [2, 3], "20 % and more": [4]},
        ),
        ("person or object", {"object": [1, 3, 5], "person": [0, 4], "unknown": [2]}),
        ("category", {"cat": [1, 3, 5], "person": [0, 4], "unknown": [2]}),
        (
            "distractors of the category",
            {"unknown": [0], "0": [1], "1": [2], "3": [3], "4 and more": [4, 5]},
        ),
        (
            "number of words",
            {"1": [0, 5], "2": [1], "4 to 5": [2], "6 to 10": [3], "11 and more": [4]},
        ),
        (
            "kind of words",
            {"place": [1, 2], "colour": [2], "ordinal": [5], "none of these": [0, 3, 4]},
        ),
    ],
)
def test_every_expression_is_where_it_belongs(predictions, name, expected):
    assert members(predictions, name) == expected


def test_candidates_are_counted(predictions):
    counts = {"0": 0, "1": 0, "2 to 5": 0}
    for row in predictions.answers.boxes:
        counts["0" if not len(row) else "1" if len(row) == 1 else "2 to 5"] += 1

    found = {name: len(rows) for name, rows in members(predictions, "number of candidates").items()}

    assert found == {name: count for name, count in counts.items() if count}


def test_groups_share_no_expression_and_leave_out_none(make_predictions):
    predictions = make_predictions(expressions=50)

    for name, groups in groupings(*judged(predictions)).items():
        if name != "kind of words":
            assert (sum(group.members.astype(int) for group in groups) == 1).all(), name


def test_an_empty_split_has_no_groups(make_predictions):
    assert set(map(len, groupings(*judged(make_predictions(expressions=0))).values())) == {0}
