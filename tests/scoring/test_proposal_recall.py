from pathlib import Path

import numpy as np
import pytest

from tests.refusals import refused
from vg_mc.prepared.dataset import Expressions
from vg_mc.scoring.proposal_recall import proposal_recalls


class Dataset:
    """Two photos, with candidates of given scores; the IoUs are those of the expressions."""

    splits = ("train", "val")

    def __init__(self, folder, scores, ious, first_id=0, images=None):
        self.folder, self._scores, self._ious = Path(folder), np.array(scores), ious
        self._first_id = first_id
        self._images = images or [0] * len(ious)

    def scores(self, candidate_ids):
        return self._scores[candidate_ids]

    def expressions(self, split):
        ious = self._ious if split == "val" else []
        count, boxes = len(ious), np.zeros((len(ious), 4))
        numbers = np.arange(self._first_id, self._first_id + count)
        ids = [np.arange(len(row)) for row in ious]
        images = np.array(self._images[:count], dtype=np.int64)
        rows = [np.array(row, dtype=np.float64) for row in ious]
        names = [""] * count
        return Expressions(numbers, images, names, names, boxes, ids, rows, numbers)


def values(recall):
    return {
        at: each.value for at, each in zip(recall.curve.at, recall.curve.estimates, strict=True)
    }


def test_recall_counts_a_right_box_among_the_best_by_score():
    weakest_first = Dataset("a", [0.1, 0.9, 0.5], [[0.6, 0, 0], [0, 0.6, 0.6], [0, 0.5, 0]])

    (recall,) = proposal_recalls([weakest_first])

    assert values(recall) == pytest.approx({1: 1 / 3, 2: 1 / 3, 3: 2 / 3})  # 0.5 itself is wrong
    assert [recall.at(count).value for count in (1, 3, 10, 300)] == pytest.approx(
        [1 / 3, 2 / 3, 2 / 3, 2 / 3]
    )
    assert (recall.name, recall.images, recall.expressions, recall.boxes_per_image) == (
        "a",
        1,
        3,
        3,
    )


def test_an_expression_without_proposals_counts_as_not_covered():
    (recall,) = proposal_recalls([Dataset("a", [0.5], [[0.9], []], images=[0, 1])])

    assert values(recall) == {1: 0.5}
    assert (recall.images, recall.boxes_per_image) == (2, 0.5)


def test_a_proposer_that_finds_nothing_covers_nothing():
    (recall,) = proposal_recalls([Dataset("a", [], [[], []])])

    assert values(recall) == {0: 0}
    assert recall.at(10).value == 0


def test_every_dataset_of_the_same_expressions_gets_a_curve_under_its_name():
    found = proposal_recalls(
        [Dataset("x/a", [0.5], [[0.9]]), Dataset("y/a", [0.5], [[0.1]]), Dataset("b", [], [[]])]
    )

    assert [one.name for one in found] == ["x/a", "y/a", "b"]
    assert [one.curve.estimates[-1].value for one in found] == [1, 0, 0]


@pytest.mark.parametrize(
    ("datasets", "splits", "problem"),
    [
        ([], (), "datasets"),
        ([Dataset("a", [], [])], (), "expressions"),
        ([Dataset("a", [], [[]])], ("train",), "expressions"),
        (
            [Dataset("a", [], [[]]), Dataset("b", [], [[]], first_id=5)],
            (),
            "--split",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(datasets, splits, problem):
    with refused(*problem.split()):
        proposal_recalls(datasets, splits)
