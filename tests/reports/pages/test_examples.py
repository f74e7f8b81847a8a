"""Examples show the candidates ranked highest, and say truly what was right."""

import numpy as np
import pytest

from tests.predictions.made import changed, with_ious
from vg_mc.predictions import Predictions, outcomes
from vg_mc.reports.pages.examples import Verdict, examples, spread_rows, verdicts


def pictures_of(candidate_ids: np.ndarray) -> list[bytes]:
    return [f"picture {candidate}".encode() for candidate in candidate_ids]


@pytest.fixture
def predictions() -> Predictions:
    """Return one expression of each verdict, and one without proposals."""
    ious = [[0.1, 0.9, 0.0, 0.2, 0.6], [0.8, 0.2], [0.5, 0.1], []]
    logits = [[1.0, 5.0, 1.0, 0.0, 3.0], [0.0, 0.0 + np.log(3)], [0.0, 0.0], []]
    made = with_ious(ious, logits)
    ends = np.cumsum([len(row) for row in ious])
    return changed(made, candidate_ids=np.split(np.arange(ends[-1]), ends[:-1]))


def test_each_verdict_is_found(predictions):
    assert verdicts(outcomes(predictions)) == [
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
    huge = changed(
        predictions, logits=[row * np.float32(1e30) for row in predictions.answers.logits]
    )

    example = examples(huge, [0], pictures_of)[0]

    assert [candidate.percentage for candidate in example.ranked] == ["100.00%", *["0.00%"] * 3]


def test_the_rank_of_the_right_one_is_told(predictions):
    wrong, uncovered, empty = examples(predictions, [1, 2, 3], pictures_of)

    assert (wrong.verdict, wrong.rank_of_right) == (Verdict.WRONG, 2)
    assert (uncovered.verdict, uncovered.rank_of_right) == (Verdict.NOT_COVERED, None)
    assert (empty.ranked, empty.candidates, empty.rank_of_right) == ([], 0, None)


def test_rows_are_spread_over_the_split_for_each_verdict(make_predictions):
    predictions = make_predictions(expressions=200)
    judged = verdicts(outcomes(predictions))

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
