"""Predictions that could not be scored are refused, the first bad expression named."""

from dataclasses import fields, replace

import numpy as np
import pytest

from vg_mc.errors import BadInputError
from vg_mc.predictions import taken, write_predictions


def changed(rows: list[np.ndarray], row: int, values: object) -> list[np.ndarray]:
    """Return the ragged column with one of its rows replaced."""
    return [
        np.asarray(values, rows[row].dtype) if at == row else old for at, old in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("column", "spoil", "message"),
    [
        ("logits", lambda rows: changed(rows, 3, np.full(len(rows[3]), np.inf)), "must be finite"),
        ("ious", lambda rows: changed(rows, 3, np.full(len(rows[3]), 1.5)), "between 0 and 1"),
        ("ious", lambda rows: changed(rows, 3, np.full(len(rows[3]), np.nan)), "between 0 and 1"),
        ("ious", lambda rows: changed(rows, 3, 1 - rows[3]), "expression 121: an IoU of"),
        ("boxes", lambda rows: changed(rows, 3, rows[3] * np.nan), "boxes must be finite"),
        ("targets", lambda rows: rows * np.nan, "boxes must be finite"),
        ("scores", lambda rows: changed(rows, 3, rows[3] * np.nan), "scores must be finite"),
        ("scores", lambda rows: changed(rows, 3, []), "0 scores and"),
        ("candidate_categories", lambda rows: [*rows[:-1], []], "and 0 categories"),
        ("rivals", lambda rivals: rivals[1:], "11 rivals for 12 expressions"),
        ("photo_sizes", lambda sizes: sizes * [1, 0], "a photo of 64x0 pixels cannot be"),
        ("texts", lambda rows: rows[1:], "11 texts for 12 expressions"),
        ("expression_ids", lambda ids: ids // 14, "expression 7: stands there twice"),
    ],
)
def test_wrong_predictions_are_not_written(make_predictions, tmp_path, column, spoil, message):
    good = make_predictions()
    bad = replace(good, **{column: spoil(getattr(good, column))})

    with pytest.raises(BadInputError, match=message):
        write_predictions(bad, tmp_path)

    assert not list(tmp_path.iterdir())


def test_rows_are_taken_from_every_column(make_predictions):
    whole = make_predictions()

    part = taken(whole, np.array([4, 0]))

    assert len(part) == 2
    for column in (item.name for item in fields(whole)):
        if column not in {"name", "split", "data_hash", "facts"}:
            before, after = getattr(whole, column), getattr(part, column)
            assert len(after) == 2, column
            assert np.array_equal(after[0], before[4]), column
            assert np.array_equal(after[1], before[0]), column
