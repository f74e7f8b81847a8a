"""Predictions that could not be scored are refused, the first bad expression named."""

from dataclasses import fields, replace

import numpy as np
import pytest

from tests.predictions.made import changed, moved_targets, ranked_boxes
from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.predictions import PredictedBoxes, outcomes, read_predictions, write_predictions
from vg_mc.predictions.columns import declared


def spoiled(rows: list[np.ndarray], row: int, values: object) -> list[np.ndarray]:
    """Return the ragged column with one of its rows replaced."""
    return [
        np.asarray(values, rows[row].dtype) if at == row else old for at, old in enumerate(rows)
    ]


BAD_CHOICES = [
    ("logits", lambda rows: spoiled(rows, 3, np.full(len(rows[3]), np.inf)), "expression 121"),
    ("boxes", lambda rows: spoiled(rows, 3, rows[3] * np.nan), "expression 121"),
    ("targets", lambda rows: rows * np.nan, "expression 100"),
    ("scores", lambda rows: spoiled(rows, 3, rows[3] * np.nan), "expression 121"),
    ("scores", lambda rows: spoiled(rows, 3, []), "expression 121"),
    ("distractors", lambda distractors: distractors[1:], "column distractors"),
    ("image_sizes", lambda sizes: sizes * [1, 0], "expression 100"),
    ("texts", lambda rows: rows[1:], "column text"),
    ("expression_ids", lambda ids: ids // 14, "expression 7"),
]
NAN = np.nan
BAD_BOXES = [
    ("boxes", lambda rows: np.where(np.arange(4) == 2, np.inf, rows), "expression 100"),
    ("boxes", lambda rows: np.where(np.arange(4) == 2, NAN, rows), "expression 107"),
    ("confidences", lambda values: values + 1, "expression 107"),
    ("confidences", lambda values: values * NAN, "expression 107"),
    ("confidences", np.nan_to_num, "expression 100"),
    ("confidences", lambda values: values[1:], "column confidence"),
    ("ranked", lambda rows: spoiled(rows, 1, rows[1][::-1]), "expression 107"),
    ("ranked", lambda rows: spoiled(rows, 1, rows[1] * np.inf), "expression 107"),
    ("ranked", lambda rows: spoiled(rows, 1, rows[0]), "expression 107"),
]
MAKERS = {"choices": lambda made: made, "boxes": moved_targets, "ranked": ranked_boxes}


@pytest.mark.parametrize(
    ("kind", "column", "spoil", "record"),
    [
        *(("choices", *bad) for bad in BAD_CHOICES),
        *(("ranked", *bad) for bad in BAD_BOXES),
    ],
)
def test_wrong_predictions_are_not_written(make_predictions, tmp_path, kind, column, spoil, record):
    good = MAKERS[kind](make_predictions())
    part = good.examples if hasattr(good.examples, column) else good.answers
    bad = changed(good, **{column: spoil(getattr(part, column))})

    with pytest.raises(BadInputError) as caught:
        write_predictions(bad, tmp_path)

    assert caught.value.record == record
    assert not list(tmp_path.iterdir())


def test_the_first_bad_expression_is_named_whatever_is_wrong_with_it(make_predictions, tmp_path):
    good = make_predictions()
    logits = spoiled(good.answers.logits, 5, np.full(len(good.answers.logits[5]), np.nan))
    scores = spoiled(good.answers.scores, 3, [])

    with pytest.raises(BadInputError) as caught:
        write_predictions(changed(good, logits=logits, scores=scores), tmp_path)

    assert caught.value.record == "expression 121"


def test_predicted_boxes_need_no_confidences(make_predictions, tmp_path):
    good = moved_targets(make_predictions())

    write_predictions(replace(good, answers=PredictedBoxes(good.answers.boxes)), tmp_path)

    assert list(tmp_path.iterdir())


def test_ranked_boxes_are_read_as_they_are_written(make_predictions, tmp_path):
    made = ranked_boxes(make_predictions())

    write_predictions(made, tmp_path)

    read = read_predictions(tmp_path)
    assert all(map(np.array_equal, read.answers.ranked, made.answers.ranked))
    answered = ~np.isnan(made.answers.boxes[:, 0])
    ranks = np.where(outcomes(made).right, 1, np.where(answered, 2, np.inf))
    assert outcomes(read).ranks.tolist() == ranks.tolist()


@pytest.mark.parametrize("kind", MAKERS)
def test_rows_are_taken_from_every_column(make_predictions, kind):
    whole = MAKERS[kind](make_predictions())

    part = whole.taken(np.array([4, 0]))

    assert len(part) == 2
    assert part.provenance == whole.provenance
    for before, after in ((whole.examples, part.examples), (whole.answers, part.answers)):
        for name in declared(before):
            column, taken = getattr(before, name), getattr(after, name)
            assert len(taken) == 2, name
            assert same(taken[0], column[4]), name
            assert same(taken[1], column[0]), name


def same(one: object, other: object) -> bool:
    numbers = np.issubdtype(np.asarray(one).dtype, np.floating)
    return np.array_equal(one, other, equal_nan=numbers)


def test_every_field_is_a_column(make_predictions):
    for table in (make_predictions().examples, ranked_boxes(make_predictions()).answers):
        assert list(declared(table)) == [item.name for item in fields(table)]


def test_choices_are_not_taken_for_boxes(make_predictions):
    predictions = make_predictions()

    assert predictions.choices is predictions.answers
    with refused("predicted"):
        _ = moved_targets(predictions).choices
