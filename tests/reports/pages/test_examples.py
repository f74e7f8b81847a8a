"""Examples show the candidates ranked highest, and say truly what was right."""

from dataclasses import replace

import numpy as np
import pytest

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.predictions import Predictions
from vg_mc.reports.pages.examples import Verdict, examples, spread_rows, verdicts


def pictures_of(candidate_ids: np.ndarray) -> list[bytes]:
    return [f"picture {candidate}".encode() for candidate in candidate_ids]


@pytest.fixture
def predictions() -> Predictions:
    """Return one expression of each verdict, and one without proposals."""
    ious = [[0.1, 0.9, 0.0, 0.2, 0.6], [0.8, 0.2], [0.5, 0.1], []]
    logits = [[1.0, 5.0, 1.0, 0.0, 3.0], [0.0, 0.0 + np.log(3)], [0.0, 0.0], []]
    counts = [len(row) for row in ious]
    ends = np.cumsum([0, *counts])
    return Predictions(
        name="tiny",
        split="val",
        data_hash="0123",
        expression_ids=np.arange(4) + 10,
        image_ids=np.arange(4),
        texts=["one", "two", "three", "four"],
        categories=["circle"] * 4,
        targets=as_boxes([(0, 0, 9, 9)] * 4),
        candidate_ids=[np.arange(ends[row], ends[row + 1]) for row in range(4)],
        boxes=[as_boxes([(0, 0, 9, 9)] * count) for count in counts],
        ious=[np.array(row) for row in ious],
        logits=[np.array(row, np.float32) for row in logits],
        scores=[np.ones(count) for count in counts],
        candidate_categories=[["circle"] * count for count in counts],
        rivals=np.zeros(4, np.int64),
        photo_sizes=np.full((4, 2), 9),
    )


def test_each_verdict_is_found(predictions):
    assert verdicts(predictions) == [
        Verdict.RIGHT,
        Verdict.WRONG,
        Verdict.NOT_COVERED,
        Verdict.NOT_COVERED,
    ]


def test_four_best_candidates_are_shown_best_first_and_equals_in_order(predictions):
    example = examples(predictions, [0], pictures_of)[0]

    shown = [candidate.picture.decode() for candidate in example.ranked]
    assert shown == ["picture 1", "picture 4", "picture 0", "picture 2"]
    assert [candidate.fits for candidate in example.ranked] == [True, True, False, False]
    assert (example.candidates, example.rank_of_right) == (5, 1)


def test_percentages_are_a_softmax_over_all_candidates(predictions):
    five, two = examples(predictions, [0, 1], pictures_of)

    exponentials = np.exp([5, 3, 1, 1, 0])
    shares = [candidate.share for candidate in five.ranked]
    assert shares == pytest.approx(exponentials[:4] / exponentials.sum())
    assert [candidate.percentage for candidate in two.ranked] == ["75.00%", "25.00%"]


def test_huge_logits_have_percentages_too(predictions):
    huge = replace(predictions, logits=[row * np.float32(1e30) for row in predictions.logits])

    example = examples(huge, [0], pictures_of)[0]

    assert [candidate.percentage for candidate in example.ranked] == ["100.00%", *["0.00%"] * 3]


def test_the_rank_of_the_right_one_is_told(predictions):
    wrong, uncovered, empty = examples(predictions, [1, 2, 3], pictures_of)

    assert (wrong.verdict, wrong.rank_of_right) == (Verdict.WRONG, 2)
    assert (uncovered.verdict, uncovered.rank_of_right) == (Verdict.NOT_COVERED, None)
    assert (empty.ranked, empty.candidates, empty.rank_of_right) == ([], 0, None)


def test_rows_are_spread_over_the_split_for_each_verdict(make_predictions):
    predictions = make_predictions(expressions=200)
    judged = verdicts(predictions)

    rows = spread_rows(predictions, each=5)

    assert len(rows) == len(set(rows)) == 15
    for verdict in Verdict:
        alike = [row for row, judgement in enumerate(judged) if judgement is verdict]
        picked = [row for row in rows if judged[row] is verdict]
        assert len(picked) == 5
        assert (picked[0], picked[-1]) == (alike[0], alike[-1])


@pytest.mark.parametrize("expressions", [0, 1, 4])
def test_few_expressions_are_all_shown_once(make_predictions, expressions):
    rows = spread_rows(make_predictions(expressions=expressions), each=5)

    assert sorted(rows) == list(range(expressions))
